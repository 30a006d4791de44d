"""An image as a file: whole, removed after, and one clear line where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import APIError

from exitgate.errors import ObservationError, ProvisionError
from exitgate.observe.contents import read_contents
from exitgate.provision.image_archive import saved_archive
from exitgate.run import Run
from tests.observe.archives import SUBSTRATE, archive, engine_with, member, saved
from tests.runs import run_in


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path, name="1", owner="me")


def test_an_image_is_saved_whole_read_from_there_and_removed(run: Run) -> None:
    content = saved(archive(member("app/main.js", b"1")))
    engine = engine_with([content[:1000], content[1000:]])
    with saved_archive(engine, run, "sha256:x", "web") as path:
        assert path.read_bytes() == content
        assert path.parent == run.scratch_path
        silent = engine_with([])
        seen = read_contents(silent, "sha256:x", (), SUBSTRATE, archive=path)
        assert "/app/main.js" in seen.entries
    assert not path.exists()


def test_an_archive_that_is_cut_is_an_error_when_it_is_read(run: Run) -> None:
    content = saved(archive(member("app/main.js", b"1")))
    with (
        saved_archive(engine_with([content[: len(content) // 2]]), run, "sha256:x", "web") as path,
        pytest.raises(ObservationError),
    ):
        read_contents(engine_with([]), "sha256:x", (), SUBSTRATE, archive=path)


def test_an_engine_without_the_image_or_that_breaks_off_is_an_error_that_leaves_no_file(run: Run) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        raise APIError("gone")

    for engine, image in ((engine_with([]), "sha256:other"), (engine_with(broken()), "sha256:x")):
        with pytest.raises(ObservationError, match="can't be saved"), saved_archive(engine, run, image, "web"):
            pass
    assert list(run.scratch_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_of_provision(run: Run) -> None:
    engine = engine_with([b"x"])
    with pytest.raises(ProvisionError, match="can't be written"), saved_archive(engine, run, "sha256:x", "no/folder"):
        pass
