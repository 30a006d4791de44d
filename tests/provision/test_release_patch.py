"""scripts/release-patch: makes the patches of a told history, and makes them anew when the folder changed under them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from exitgate.provision.clone import materialise_target
from tests.provision.repository import ENVIRONMENT, git, tree

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

ROOT = Path(__file__).parent.parent.parent
HISTORY = """\
organisation = "shop"
first_release = "v1.0.0"

[[commit]]
title = "All"
author = "Ada <ada@example.invalid>"
date = 2026-02-01T09:00:00Z
paths = ["page"]

[[pull_request]]
number = 3
branch = "three"
patch = "0003-three.patch"
merged_by = "Bob <bob@example.invalid>"
merged_at = 2026-03-02T10:00:00Z

[[pull_request]]
number = 4
branch = "four"
patch = "0004-four.patch"
merged_by = "Bob <bob@example.invalid>"
merged_at = 2026-03-03T10:00:00Z
release = "v2.0.0"
"""


def page(folder: Path, *lines: str) -> None:
    (folder / "reference" / "page").write_text("\n".join(lines) + "\n", encoding="utf-8")


def commit(project: Path, message: str) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", f"--message={message}")


def release_patch(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, "TMPDIR": str(project.parent)}
    command = ["scripts/release-patch", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the script and a reference of two pull requests."""
    project = tmp_path / "project"
    (project / "reference" / "releases").mkdir(parents=True)
    for name in ("scripts/release-patch", "src/exitgate/provision/git.ini"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    (project / "reference" / "releases" / "history.toml").write_text(HISTORY, encoding="utf-8")
    git(project, "init", "--quiet")
    for message, lines in (
        ("first", ("one", "two", "three", "four")),
        ("Three\n\nIt was time.", ("one", "two", "3", "four")),
        ("Four", ("one", "two", "3", "4")),
    ):
        page(project, *lines)
        commit(project, message)
    for name, revision in (("0003-three.patch", "HEAD~1"), ("0004-four.patch", "HEAD")):
        made = release_patch(project, "new", name, revision)
        assert made.returncode == 0, made.stderr
    commit(project, "The patches")
    return project


def releases(project: Path, destination: Path) -> list[str]:
    """Return the page in the first release, after each pull request, and the merged titles."""
    materialise_target(project / "reference", destination)
    pages = [git(destination, "show", f"{name}:page").split("\n") for name in ("v1.0.0", "main~1", "main")]
    return ["/".join(lines) for lines in pages]


def test_patches_that_fit_are_said_to(project: Path, tmp_path: Path) -> None:
    assert release_patch(project, "check").stdout == "release-patch: 2 patches can be undone from the folder\n"
    assert releases(project, tmp_path / "made") == ["one/two/three/four", "one/two/3/four", "one/two/3/4"]
    assert [path.name for path in tmp_path.glob("release-patch.*")] == []


def test_a_commit_that_leaves_the_reference_alone_gives_no_patch(project: Path) -> None:
    (project / "other").write_text("x\n", encoding="utf-8")
    commit(project, "Other")
    made = release_patch(project, "new", "0005-other.patch", "HEAD")
    assert made.returncode == 1
    assert "changes nothing in reference/" in made.stderr


def test_patches_are_made_anew_where_the_change_is_beside_them(project: Path, tmp_path: Path) -> None:
    page(project, "1", "two", "3", "4")
    assert release_patch(project, "check").returncode == 1
    renewed = release_patch(project, "renew")
    assert renewed.returncode == 0, renewed.stderr
    assert releases(project, tmp_path / "made") == ["1/two/three/four", "1/two/3/four", "1/two/3/4"]
    assert git(tmp_path / "made", "show", "--no-patch", "--format=%an|%B", "main~1^2") == "Ada|Three\n\nIt was time."
    assert [path.name for path in tmp_path.glob("release-patch.*")] == []


def test_a_conflict_is_left_to_a_person_who_then_goes_on(project: Path, tmp_path: Path) -> None:
    page(project, "one", "two", "3", "IV")
    stopped = release_patch(project, "renew")
    assert stopped.returncode == 1
    assert "0004-four.patch can't be undone by itself" in stopped.stderr
    (scratch,) = tmp_path.glob("release-patch.*")
    again = release_patch(project, "renew", str(scratch))
    assert "conflicts are left" in again.stderr
    (scratch / "page").write_text("one\ntwo\n3\nfour\n", encoding="utf-8")
    git(scratch, "add", "page")
    renewed = release_patch(project, "renew", str(scratch))
    assert renewed.returncode == 0, renewed.stderr
    assert releases(project, tmp_path / "made") == ["one/two/three/four", "one/two/3/four", "one/two/3/IV"]
    assert set(tree(project / "reference" / "releases")) == {"0003-three.patch", "0004-four.patch", "history.toml"}
