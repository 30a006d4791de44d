"""Single paths of a container that was never started, as a real engine sends them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.layers import Kind
from exitgate.observe.paths import read_paths
from exitgate.provision.engine import Engine
from exitgate.provision.ownership import Owner, labels, new_run_id
from tests.observe.archives import archive, folder, link, member

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def container_id(engine: Engine) -> Iterator[str]:
    own = labels(new_run_id(), str(Owner.of_this_process()))
    sent = archive(
        folder("app/", 0o750),
        member("app/settings", b"port = 8080\n", mode=0o640, uid=7, gid=8),
        member("app/large", bytes(30_000_000)),
        link("bin", tarfile.SYMTYPE, "app"),
    )
    changes = [f"LABEL {name}={value}" for name, value in own.items()]
    tag = f"exitgate-{own['exitgate.run']}"
    engine.client.api.import_image_from_data(sent, repository=tag, tag="paths", changes=changes)
    container = None
    try:
        container = engine.client.containers.create(f"{tag}:paths", command=["-"], labels=own, network_mode="none")
        yield str(container.id)
    finally:
        if container is not None:
            container.remove(v=True, force=True)
        engine.client.images.remove(f"{tag}:paths", force=True)


def test_what_is_at_each_path_is_told_without_a_start(engine: Engine, container_id: str) -> None:
    paths = ["/app", "/app/settings", "/app/large", "/bin", "/bin/settings", "/none", "/app/settings/none"]
    found = read_paths(engine, container_id, paths, contents=["/app/settings"])
    assert [path for path, there in found.items() if there is None] == ["/none", "/app/settings/none"]
    seen = {path: there.entry for path, there in found.items() if there is not None}
    settings = found["/app/settings"]
    assert settings is not None
    assert settings.content == b"port = 8080\n"
    assert (settings.entry.mode, settings.entry.uid, settings.entry.gid) == (0o640, 7, 8)
    assert (seen["/app"].kind, seen["/app"].mode) == (Kind.DIRECTORY, 0o750)
    assert (seen["/bin"].kind, seen["/bin"].target) == (Kind.SYMLINK, "app")
    assert seen["/bin/settings"].size_bytes == settings.entry.size_bytes
    assert seen["/app/large"].size_bytes == 30_000_000


def test_a_container_that_is_not_there_is_an_error(engine: Engine) -> None:
    with pytest.raises(ObservationError, match="can't be read"):
        read_paths(engine, "0" * 64, ["/app"])
