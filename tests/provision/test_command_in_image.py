"""A command in an image: what is laid over it, how it ends, and what it leaves."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from docker.errors import APIError, NotFound

from exitgate.errors import PrerequisiteMissing
from exitgate.provision import command_in_image
from exitgate.provision.command_in_image import Command, Ended, run_in_image
from exitgate.provision.engine import Engine
from exitgate.settings import ContainerSettings
from tests.runs import run_in


@dataclass
class Box:
    """A container that ends at once, or never."""

    ends: bool = True
    leaves: bytes | None = b"<testsuites/>"
    has: bytes | None = None
    kind: bytes = tarfile.REGTYPE
    started: bool = False
    refuses: str = ""
    laid: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)

    def put_archive(self, path: str, data: bytes) -> None:
        """Note what is laid where."""
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                found = archive.extractfile(member) if member.isfile() else None
                self.laid[f"{path}{member.name}"] = (found.read() if found else b"", member.mode)
                assert (member.uid, member.gid) == (0, 0)

    def start(self) -> None:
        """Start, or not."""
        if self.refuses:
            raise APIError("400", explanation=self.refuses)
        self.started = True

    def reload(self) -> None:
        """Look."""
        self.attrs = {"State": {"Status": "exited" if self.ends else "running", "ExitCode": 3}}

    def logs(self, tail: int) -> bytes:
        """Return what it said."""
        return b"one\ntwo\n"

    def get_archive(self, path: str) -> tuple[list[bytes], dict[str, object]]:
        """Return a file of it, in pieces."""
        assert path == "/workspace/out/results.xml"
        found = self.leaves if self.started else self.has
        if found is None:
            raise NotFound("404")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("results.xml")
            member.type, member.size = self.kind, len(found) if self.kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(found))
        whole = buffer.getvalue()
        return [whole[:100], whole[100:]], {}


def run(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Ended, ContainerSettings]:
    seen: list[ContainerSettings] = []

    @contextmanager
    def container(engine: Engine, of: object, image: str, settings: ContainerSettings, **_: object) -> Iterator[Box]:
        seen.append(settings)
        yield box

    monkeypatch.setattr(command_in_image, "throwaway_container", container)
    program = tmp_path / "run.sh"
    program.write_text("exit 3", encoding="utf-8")
    program.chmod(0o755)
    command = Command(
        words=("sh", "tools/run.sh"),
        directory="/workspace",
        files={"tools/run.sh": program, "a/b/c.sql": "SELECT 1;\n"},
        environment={},
        network="backing",
        leaves="out/results.xml",
        timeout_s=0.2,
    )
    return run_in_image(cast("Engine", None), run_in(tmp_path), "sha256:1", "tests", command), seen[0]


def test_files_are_laid_over_the_image_with_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    ended, settings = run(box, tmp_path, monkeypatch)
    assert ended == Ended(exit_code=3, log="one\ntwo\n", left=b"<testsuites/>")
    assert box.laid["/workspace/tools/run.sh"] == (b"exit 3", 0o755)
    assert box.laid["/workspace/a/b/c.sql"] == (b"SELECT 1;\n", 0o644)
    assert {"/workspace", "/workspace/a", "/workspace/a/b", "/workspace/tools"} <= box.laid.keys()
    assert (settings.working_directory, settings.capabilities_dropped) == ("/workspace", ("ALL",))


def test_what_does_not_end_in_time_has_no_exit_code_and_may_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, _ = run(Box(ends=False, leaves=None), tmp_path, monkeypatch)
    assert (ended.exit_code, ended.left) == (None, None)


def test_an_image_without_the_program_is_not_assessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PrerequisiteMissing, match="can't start sh: exec: not found"):
        run(Box(refuses="exec: not found"), tmp_path, monkeypatch)


def test_a_file_that_is_there_before_the_command_does_not_count_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(has=b"<testsuites/>")
    with pytest.raises(PrerequisiteMissing, match=r"/workspace/out/results\.xml, before the command has run"):
        run(box, tmp_path, monkeypatch)
    assert not box.started


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (Box(kind=tarfile.SYMTYPE), "a link or a folder"),
        (Box(kind=tarfile.DIRTYPE), "a link or a folder"),
        (Box(leaves=bytes(3 * 1024**2)), "more than 1 MiB"),
    ],
)
def test_what_is_no_file_of_a_sensible_size_is_not_read(
    box: Box, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_in_image, "_LARGEST_MIB", 1)
    ended, _ = run(box, tmp_path, monkeypatch)
    assert ended.left is None
    assert why in ended.unread
