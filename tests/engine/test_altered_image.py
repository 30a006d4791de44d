"""An image with files more is otherwise the image that it was made of, and goes at the end."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exitgate.errors import ProvisionError
from exitgate.provision.altered_image import altered_image
from exitgate.provision.engine import Engine
from exitgate.provision.ownership import new_run_id
from exitgate.run import Run
from tests.runs import run_in

pytestmark = pytest.mark.engine


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path)


@pytest.fixture(params=['CMD ["/one", "two words"]', 'ENTRYPOINT ["/one"]'], ids=["a command", "an entry point alone"])
def image(engine: Engine, request: pytest.FixtureRequest) -> Iterator[str]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("one"))
    name = f"exitgate-test-{new_run_id().lower()}"
    engine.client.api.import_image_from_data(
        packed.getvalue(), repository=name, tag="1", changes=[request.param, "USER 10001:10001", "ENV A=b"]
    )
    try:
        yield f"{name}:1"
    finally:
        engine.client.images.remove(f"{name}:1", force=True)


def test_all_else_is_the_images_own(engine: Engine, run: Run, image: str) -> None:
    with altered_image(engine, run, image, {"/app/migrations/x/migration.sql": "SELECT 1;\n"}) as made:
        of, by = (engine.client.images.get(each).attrs["Config"] for each in (image, made))
        for key in ("Entrypoint", "User", "Env", "WorkingDir", "Healthcheck"):
            assert by.get(key) == of.get(key), key
        assert (by.get("Cmd") or []) == (of.get("Cmd") or [])
        assert run.labels.items() <= by["Labels"].items()
        container = engine.client.containers.create(made, ["-"])
        try:
            chunks, _ = container.get_archive("/app/migrations/x/migration.sql")
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                (member,) = archive.getmembers()
                file = archive.extractfile(member)
                assert file is not None
                assert (file.read(), member.mode & 0o777, member.uid) == (b"SELECT 1;\n", 0o644, 0)
        finally:
            container.remove(force=True)
    assert made not in {each.id for each in engine.client.images.list(all=True)}


def test_an_image_that_is_not_there_is_one_line(engine: Engine, run: Run) -> None:
    with (
        pytest.raises(ProvisionError, match="image with files more"),
        altered_image(engine, run, "sha256:" + "0" * 64, {}),
    ):
        pass
