"""The throwaway folder of a run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from exitgate.errors import ProvisionError
from exitgate.provision import scratch
from exitgate.provision.scratch import (
    MARKER,
    make_scratch_folder,
    marked_folders,
    remove_scratch_folder,
    scratch_folder,
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands in for the system's temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_lasts_as_long_as_its_block(temporary: Path) -> None:
    with scratch_folder("r1", "o") as path:
        (path / "deep" / "er").mkdir(parents=True)
        (path / "deep" / "er" / "file").write_text("x", encoding="utf-8")
        assert path.parent == temporary
    assert list(temporary.iterdir()) == []


def test_a_folder_is_removed_after_an_error_too(temporary: Path) -> None:
    with pytest.raises(KeyError), scratch_folder("r1", "o"):
        raise KeyError
    assert list(temporary.iterdir()) == []


def test_a_folder_names_its_run_and_its_owner(temporary: Path) -> None:
    path = make_scratch_folder("r1", "host/boot/1/2")
    assert path.name.startswith("exitgate-r1-")
    assert json.loads((path / MARKER).read_text(encoding="utf-8")) == {"run": "r1", "owner": "host/boot/1/2"}


def test_nobody_else_may_look_into_a_folder(temporary: Path) -> None:
    assert make_scratch_folder("r1", "o").stat().st_mode & 0o077 == 0


def test_two_folders_of_one_run_are_two(temporary: Path) -> None:
    assert make_scratch_folder("r1", "o") != make_scratch_folder("r1", "o")


def test_where_no_folder_can_be_made_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ProvisionError, match=r"no folder can be made in it \(No such file or directory\)"):
        make_scratch_folder("r1", "o")


def test_a_folder_that_can_not_be_marked_is_an_error_that_leaves_nothing_behind(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ProvisionError, match="No space left on device"):
        make_scratch_folder("r1", "o")
    assert list(temporary.iterdir()) == []


def test_a_folder_that_is_already_gone_is_as_wanted(temporary: Path) -> None:
    with scratch_folder("r1", "o") as path:
        remove_scratch_folder(path)
    assert list(temporary.iterdir()) == []


def test_a_folder_that_stays_is_an_error_and_no_warning(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(scratch.shutil, "rmtree", refuse)
    with (
        pytest.raises(ProvisionError, match=r"can't be removed \(Operation not permitted\)"),
        scratch_folder("r1", "o"),
    ):
        pass


def test_the_folders_of_all_runs_are_found_with_their_marks(temporary: Path) -> None:
    made = {run: make_scratch_folder(run, f"o{run}") for run in ("r5", "r1", "r4", "r2", "r6", "r3")}
    assert list(marked_folders()) == [(made[run], run, f"o{run}") for run in sorted(made)]


@pytest.mark.parametrize("mark", [None, "", "[]", '"x"', "1", "{", "{}", '{"run": "r"}', "\xff"])
def test_a_folder_without_our_mark_is_not_ours(temporary: Path, mark: str | None) -> None:
    own = make_scratch_folder("r1", "o1")
    other = temporary / "exitgate-other"
    other.mkdir()
    if mark is not None:
        (other / MARKER).write_bytes(mark.encode("latin-1"))
    (temporary / "exitgate-file").write_text("x", encoding="utf-8")
    assert list(marked_folders()) == [(own, "r1", "o1")]


def test_a_marked_folder_of_another_name_is_not_ours(temporary: Path) -> None:
    (temporary / "other").mkdir()
    (temporary / "other" / MARKER).write_text('{"run": "r", "owner": "o"}', encoding="utf-8")
    assert list(marked_folders()) == []
