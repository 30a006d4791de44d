"""Rules on places to write that lie over files of the image."""

from __future__ import annotations

import tarfile
from dataclasses import replace

import pytest

from exitgate.checks.containers import writable_files
from exitgate.errors import ObservationError
from exitgate.finding import Finding
from exitgate.settings import ContainerSettings, Mount
from tests.checks.containers.builders import CONFINED, LOCATIONS, attempt, attempts
from tests.observe.archives import archive, contents, folder, link, member

IMAGE = contents(
    archive(
        folder("app"),
        member("app/server.js", b"code"),
        member("app/lib/a.js", b"code"),
        folder("data"),
        member("kept/.gitkeep"),
        folder("tmp", 0o1777),
        member("etc/app.conf", b"x"),
        member("dev/leftover", b"x"),
        link("srv", tarfile.SYMTYPE, "app"),
        link("links/one", tarfile.SYMTYPE, "/app/server.js"),
        member("implicit/deep/file", b"x"),
    )
)


def found(*mounts: Mount, temporary: tuple[str, ...] = ()) -> list[Finding]:
    settings = replace(CONFINED, mounts=mounts, temporary_mounts=temporary)
    return writable_files(attempts(attempt("root-filesystem"), settings=settings), IMAGE)


def writable(path: str) -> Mount:
    return Mount(path=path, read_only=False)


def test_without_a_place_to_write_there_is_no_finding() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "path", ["/data", "/tmp", "/new", "/app/new", "/kept", "/ap", "/dev/shm", "/srv/new", "/run/x"]
)
def test_a_place_to_write_over_nothing_is_none(path: str) -> None:
    assert found(writable(path)) == []
    assert found(temporary=(path,)) == []


@pytest.mark.parametrize(
    ("path", "got"),
    [
        ("/app", "/app/lib/a.js, /app/server.js"),
        ("/app/", "/app/lib/a.js, /app/server.js"),
        ("//app/./", "/app/lib/a.js, /app/server.js"),
        ("/app/lib", "/app/lib/a.js"),
        ("/app/server.js", "/app/server.js"),
        ("/etc", "/etc/app.conf"),
        ("/srv", "/app/lib/a.js, /app/server.js"),
        ("/srv/lib", "/app/lib/a.js"),
        ("/links", "/links/one"),
        ("/implicit", "/implicit/deep/file"),
    ],
)
def test_a_place_to_write_over_files_is_a_finding(path: str, got: str) -> None:
    for (finding,) in (found(writable(path)), found(temporary=(path,))):
        assert finding.message == f"the workload may write to {path}, over files of the image"
        assert finding.got == got


def test_what_may_only_be_read_is_none() -> None:
    assert found(Mount(path="/app", read_only=True)) == []


def test_it_stands_where_the_volume_is_given_or_where_the_container_is() -> None:
    settings = replace(CONFINED, mounts=(writable("/app"), writable("/etc")))
    seen = attempts(attempt("root-filesystem"), settings=settings)
    seen = replace(seen, locations=replace(LOCATIONS, mounts=(("/app", "task.json:20"),)))
    assert [each.location for each in writable_files(seen, IMAGE)] == ["task.json:20", LOCATIONS.definition]


def test_many_files_are_counted() -> None:
    many = contents(archive(*(member(f"app/{number}", b"x") for number in range(9))))
    settings = replace(CONFINED, mounts=(writable("/app"),))
    (finding,) = writable_files(attempts(attempt("root-filesystem"), settings=settings), many)
    assert finding.got == "/app/0, /app/1, /app/2 and 6 more"


def test_what_the_kernel_granted_is_a_finding_beside_it() -> None:
    seen = attempts(attempt("root-filesystem", refused=False, what="create a file in /"), settings=ContainerSettings())
    assert [each.message for each in writable_files(seen, IMAGE)] == ["the workload may create a file in /"]


def test_without_any_attempt_it_is_an_error_and_no_pass() -> None:
    with pytest.raises(ObservationError, match="no attempt"):
        writable_files(attempts(), IMAGE)


def test_an_image_of_nothing_has_nothing_to_lie_over() -> None:
    settings = replace(CONFINED, mounts=(writable("/app"),))
    assert writable_files(attempts(attempt("root-filesystem"), settings=settings), contents(archive())) == []
