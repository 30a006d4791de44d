"""A clean clone of the target, or a repository made of a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from exitgate.errors import ProvisionError, TargetError
from exitgate.provision.clone import clone_target, commit_everything, materialise_target, restore
from tests.provision.repository import git, tree, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with two commits, a tag and an ignored file."""
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=trunk")
    write(folder, a="1\n", b="1\n", **{".gitignore": "ignored\n"})
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=one")
    git(folder, "tag", "v1")
    write(folder, a="2\n", ignored="secret\n")
    git(folder, "commit", "--quiet", "--all", "--message=two")
    return folder


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "clone"


# ---- Cloned -------------------------------------------------------------------------------------------------------


def test_a_clone_is_the_source_at_its_commit_with_its_history_and_without_what_is_ignored(
    source: Path, destination: Path
) -> None:
    clone = clone_target(source, destination, allow_dirty=False)
    assert clone.path == destination
    assert clone.commit == git(source, "rev-parse", "HEAD") == git(destination, "rev-parse", "HEAD")
    assert (clone.dirty, clone.materialised) == (False, False)
    assert tree(destination) == {".gitignore": "ignored\n", "a": "2\n", "b": "1\n"}
    assert git(destination, "log", "--format=%s").split() == ["two", "one"]
    assert git(destination, "tag") == "v1"
    assert git(destination, "status", "--porcelain") == ""


def test_a_clone_is_made_of_the_commit_that_is_checked_out(source: Path, destination: Path) -> None:
    git(source, "checkout", "--quiet", "v1")
    clone = clone_target(source, destination, allow_dirty=False)
    assert clone.commit == git(source, "rev-parse", "v1")
    assert tree(destination)["a"] == "1\n"


def test_cloning_leaves_the_source_as_it_was(source: Path, destination: Path) -> None:
    write(source, a="3\n", new="x\n")
    before = (
        tree(source),
        git(source, "status", "--porcelain"),
        git(source, "for-each-ref"),
        git(source, "stash", "list"),
    )
    clone_target(source, destination, allow_dirty=True)
    after = (
        tree(source),
        git(source, "status", "--porcelain"),
        git(source, "for-each-ref"),
        git(source, "stash", "list"),
    )
    assert after == before


def test_a_clone_shares_no_file_with_its_source(source: Path, destination: Path) -> None:
    clone_target(source, destination, allow_dirty=False)
    of_source = {path.stat().st_ino for path in (source / ".git" / "objects").rglob("*") if path.is_file()}
    of_clone = {path.stat().st_ino for path in (destination / ".git").rglob("*") if path.is_file()}
    assert of_source
    assert not of_source & of_clone


@pytest.mark.parametrize("change", ["changed", "new", "deleted", "staged"])
def test_a_dirty_tree_is_refused_by_name(source: Path, destination: Path, change: str) -> None:
    match change:
        case "changed":
            write(source, a="3\n")
        case "new":
            write(source, new="x\n")
        case "deleted":
            (source / "a").unlink()
        case "staged":
            write(source, a="3\n")
            git(source, "add", "a")
    with pytest.raises(TargetError) as caught:
        clone_target(source, destination, allow_dirty=False)
    assert caught.value.got.startswith("1 uncommitted changes, first ")
    assert ("new" if change == "new" else "a'") in caught.value.got
    assert "--gate-allow-dirty" in caught.value.action
    assert not destination.exists()


def test_an_ignored_file_does_not_make_a_tree_dirty(source: Path, destination: Path) -> None:
    write(source, ignored="another secret\n")
    assert not clone_target(source, destination, allow_dirty=False).dirty


def test_a_dirty_tree_that_is_allowed_comes_along_as_a_commit_of_the_clones_own(
    source: Path, destination: Path
) -> None:
    write(source, a="3\n", new="x\n")
    (source / "b").unlink()
    clone = clone_target(source, destination, allow_dirty=True)
    assert clone.dirty
    assert clone.commit == git(destination, "rev-parse", "HEAD") != git(source, "rev-parse", "HEAD")
    assert git(destination, "rev-parse", "HEAD~1") == git(source, "rev-parse", "HEAD")
    assert tree(destination) == {".gitignore": "ignored\n", "a": "3\n", "new": "x\n"}
    assert git(destination, "status", "--porcelain") == ""


def test_equal_changes_give_an_equal_commit(source: Path, tmp_path: Path) -> None:
    write(source, a="3\n")
    one = clone_target(source, tmp_path / "one", allow_dirty=True)
    other = clone_target(source, tmp_path / "other", allow_dirty=True)
    assert one.commit == other.commit


def test_a_clean_tree_is_not_called_dirty_because_it_would_be_allowed(source: Path, destination: Path) -> None:
    clone = clone_target(source, destination, allow_dirty=True)
    assert not clone.dirty
    assert clone.commit == git(source, "rev-parse", "HEAD")


def test_a_hook_of_the_source_is_not_run(source: Path, destination: Path, tmp_path: Path) -> None:
    for name in ("post-checkout", "pre-commit", "post-commit", "reference-transaction"):
        hook = source / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
        hook.chmod(0o755)
    write(source, a="3\n")
    clone_target(source, destination, allow_dirty=True)
    assert not (tmp_path / "ran").exists()


def test_the_users_own_configuration_does_not_reach_the_clone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(source, a="3\n")
    plain = clone_target(source, tmp_path / "plain", allow_dirty=True)
    (tmp_path / ".gitconfig").write_text(
        "[user]\nname = Eve\n[commit]\ngpgsign = true\n[core]\nautocrlf = true\n", encoding="utf-8"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    assert clone_target(source, tmp_path / "configured", allow_dirty=True).commit == plain.commit


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a repository away")
def test_a_repository_of_another_user_is_cloned(source: Path, destination: Path) -> None:
    for path in (source, *source.rglob("*")):
        os.chown(path, 12345, 12345)
    assert clone_target(source, destination, allow_dirty=False).commit == git(source, "rev-parse", "HEAD")


def test_a_folder_below_the_root_of_a_repository_is_refused(source: Path, destination: Path) -> None:
    (source / "sub").mkdir()
    with pytest.raises(TargetError, match="no git root"):
        clone_target(source / "sub", destination, allow_dirty=False)


def test_a_folder_that_is_no_repository_is_refused(
    tmp_path: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    with pytest.raises(TargetError, match="no git root"):
        clone_target(tmp_path / "plain", destination, allow_dirty=False)


def test_a_root_that_is_reached_by_a_link_is_cloned(source: Path, destination: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("source")
    assert clone_target(tmp_path / "link", destination, allow_dirty=False).commit == git(source, "rev-parse", "HEAD")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "--quiet")
    with pytest.raises(TargetError, match="no commit"):
        clone_target(tmp_path / "new", destination, allow_dirty=False)


def test_a_folder_that_is_not_there_is_named_and_git_is_not_blamed(tmp_path: Path, destination: Path) -> None:
    with pytest.raises(TargetError) as caught:
        clone_target(tmp_path / "nowhere", destination, allow_dirty=False)
    assert "nowhere" in caught.value.subject


def test_a_file_in_the_folders_place_is_named(tmp_path: Path, destination: Path) -> None:
    write(tmp_path, file="x")
    with pytest.raises(TargetError, match="no folder"):
        clone_target(tmp_path / "file", destination, allow_dirty=False)


def test_a_machine_without_git_is_told_so(source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(TargetError, match="git: not installed"):
        clone_target(source, destination, allow_dirty=False)


def test_a_place_that_is_taken_is_an_error_with_gits_own_words(source: Path, destination: Path) -> None:
    destination.mkdir()
    write(destination, taken="x")
    with pytest.raises(ProvisionError, match="already exists"):
        clone_target(source, destination, allow_dirty=False)


# ---- Materialised -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is no repository."""
    path = tmp_path / "reference"
    (path / "bin").mkdir(parents=True)
    write(path, a="1\n", ignored="x\n", **{".gitignore": "ignored\n"})
    write(path / "bin", run="#!/bin/sh\n")
    (path / "bin" / "run").chmod(0o755)
    return path


def test_a_folder_becomes_a_repository_with_one_release(folder: Path, destination: Path) -> None:
    clone = materialise_target(folder, destination)
    assert (clone.path, clone.dirty, clone.materialised) == (destination, False, True)
    assert clone.commit == git(destination, "rev-parse", "v1") == git(destination, "rev-parse", "HEAD")
    assert git(destination, "log", "--format=%s") == "release 1"
    assert git(destination, "symbolic-ref", "--short", "HEAD") == "main"
    assert tree(destination) == {".gitignore": "ignored\n", "a": "1\n", "bin/run": "#!/bin/sh\n"}
    assert git(destination, "status", "--porcelain") == ""
    assert os.access(destination / "bin" / "run", os.X_OK)


def test_a_materialised_folder_is_left_as_it_was(folder: Path, destination: Path) -> None:
    before = tree(folder)
    materialise_target(folder, destination)
    assert tree(folder) == before
    assert not (folder / ".git").exists()


def test_equal_content_gives_an_equal_commit_wherever_and_whenever(folder: Path, tmp_path: Path) -> None:
    one = materialise_target(folder, tmp_path / "one")
    shutil.copytree(folder, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "a", (1, 1))
    other = materialise_target(tmp_path / "copy", tmp_path / "deeper" / "other")
    assert one.commit == other.commit


def test_other_content_gives_another_commit(folder: Path, tmp_path: Path) -> None:
    one = materialise_target(folder, tmp_path / "one")
    write(folder, a="2\n")
    assert materialise_target(folder, tmp_path / "other").commit != one.commit


def test_a_folder_inside_of_a_repository_becomes_a_repository_of_its_own(source: Path, destination: Path) -> None:
    (source / "reference").mkdir()
    write(source / "reference", c="1\n")
    before = git(source, "status", "--porcelain", "--untracked-files=all")
    materialise_target(source / "reference", destination)
    assert tree(destination) == {"c": "1\n"}
    assert git(source, "status", "--porcelain", "--untracked-files=all") == before


# ---- Changed and restored -----------------------------------------------------------------------------------------


def test_changes_are_committed_and_restored_without_a_rest(folder: Path, destination: Path) -> None:
    clone = materialise_target(folder, destination)
    before, contents = git(destination, "rev-parse", "HEAD^{tree}"), tree(destination)
    write(destination, a="broken\n", new="x\n")
    (destination / "bin" / "run").unlink()
    broken = commit_everything(destination, "a fault")
    assert broken == git(destination, "rev-parse", "HEAD") != clone.commit
    assert git(destination, "log", "-1", "--format=%s") == "a fault"
    assert git(destination, "show", "--name-only", "--format=", "HEAD").split() == ["a", "bin/run", "new"]
    write(destination, ignored="built\n", untracked="x\n")
    (destination / "node_modules").mkdir()
    write(destination / "node_modules", x="x\n")
    assert restore(destination, clone.commit) == before
    assert tree(destination) == contents
    assert not (destination / "node_modules").exists()


def test_a_repository_that_was_made_inside_is_removed_as_well(folder: Path, destination: Path) -> None:
    clone = materialise_target(folder, destination)
    (destination / "nested").mkdir()
    git(destination / "nested", "init", "--quiet")
    write(destination / "nested", x="x\n")
    restore(destination, clone.commit)
    assert not (destination / "nested").exists()


def test_a_commit_that_is_not_there_can_not_be_restored(folder: Path, destination: Path) -> None:
    materialise_target(folder, destination)
    with pytest.raises(ProvisionError, match="git in"):
        restore(destination, "0" * 40)
