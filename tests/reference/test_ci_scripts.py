"""The scripts that the reference's CI is made of: which range of commits is tested, and what counts as changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.provision.repository import ENVIRONMENT, git, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

SCRIPTS = Path(__file__).parent.parent.parent / "reference" / ".github" / "scripts"
LOCKFILE = '{"packages": {"node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"}}}\n'


def run(script: str, repository: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the repository's own, as a step of the workflow does."""
    return subprocess.run(
        [repository / ".github" / "scripts" / script],
        cwd=repository,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that has the merge of a pull request of two commits checked out."""
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.copytree(SCRIPTS, folder / ".github" / "scripts")
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, a="1\n", **{"package-lock.json": LOCKFILE, ".gitignore": "dist/\n"})
    for message, branch in (("base", None), ("one", "topic"), ("two", "topic")):
        if branch and git(folder, "branch", "--show-current") != branch:
            git(folder, "checkout", "--quiet", "-b", branch)
        write(folder, **{message: "x\n"})
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", f"--message={message}")
    git(folder, "checkout", "--quiet", "main")
    write(folder, other="x\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=meanwhile")
    git(folder, "checkout", "--quiet", "--detach", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message=merge", "topic")
    return folder


def range_of(repository: Path, **environment: str) -> list[str]:
    done = run("affected-range", repository, **environment)
    assert done.returncode == 0, done.stderr
    base, head = (line.split("=", 1) for line in done.stdout.splitlines())
    assert (base[0], head[0], head[1]) == ("NX_BASE", "NX_HEAD", git(repository, "rev-parse", "HEAD"))
    return git(repository, "diff", "--name-only", base[1], head[1]).split()


def test_a_pull_request_is_what_its_merge_adds_to_the_branch(repository: Path) -> None:
    assert range_of(repository, GITHUB_EVENT_NAME="pull_request") == ["one", "two"]


def test_a_merge_group_is_what_comes_on_top_of_its_base(repository: Path) -> None:
    base = git(repository, "rev-parse", "topic~2")
    assert range_of(repository, GITHUB_EVENT_NAME="merge_group", MERGE_GROUP_BASE=base) == ["one", "other", "two"]


def test_a_push_is_everything_since_what_was_there(repository: Path) -> None:
    before = git(repository, "rev-parse", "main")
    assert range_of(repository, GITHUB_EVENT_NAME="push", PUSH_BEFORE=before) == ["one", "two"]


@pytest.mark.parametrize("before", ["0" * 40, "1" * 40])
def test_a_push_of_a_new_or_rewritten_branch_is_everything_since_the_first_commit(
    repository: Path, before: str
) -> None:
    assert range_of(repository, GITHUB_EVENT_NAME="push", PUSH_BEFORE=before) == ["one", "other", "two"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"GITHUB_EVENT_NAME": "merge_group"}, "a merge group without its base"),
        ({"GITHUB_EVENT_NAME": "merge_group", "MERGE_GROUP_BASE": "1" * 40}, "is not in this checkout"),
        ({"GITHUB_EVENT_NAME": "push", "PUSH_BEFORE": ""}, "a push without what was before"),
        ({"GITHUB_EVENT_NAME": "schedule"}, "no range for the event 'schedule'"),
        ({}, "no range for the event ''"),
    ],
)
def test_an_event_without_a_range_ends_the_step(repository: Path, environment: dict[str, str], said: str) -> None:
    done = run("affected-range", repository, **environment)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""


def test_a_pull_request_whose_head_was_checked_out_instead_of_its_merge_ends_the_step(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "topic")
    done = run("affected-range", repository, GITHUB_EVENT_NAME="pull_request")
    assert (done.returncode, done.stdout) == (1, "")


def test_what_is_ignored_does_not_count_as_changed(repository: Path) -> None:
    (repository / "dist").mkdir()
    write(repository / "dist", built="x\n")
    assert run("nothing-changed", repository).returncode == 0


@pytest.mark.parametrize("change", ["changed", "new", "deleted"])
def test_a_file_out_of_step_is_named(repository: Path, change: str) -> None:
    if change == "deleted":
        (repository / "a").unlink()
    else:
        write(repository, **{"a" if change == "changed" else "generated": "2\n"})
    done = run("nothing-changed", repository)
    assert done.returncode == 1
    assert {"changed": " M a", "new": "?? generated", "deleted": " D a"}[change] in done.stderr


def test_a_lockfile_that_names_a_registry_is_refused(repository: Path) -> None:
    text = LOCKFILE.replace('"version"', '"resolved": "https://registry.example/a.tgz", "version"')
    write(repository, **{"package-lock.json": text})
    git(repository, "commit", "--quiet", "--all", "--message=lock")
    done = run("nothing-changed", repository)
    assert done.returncode == 1
    assert "records where packages came from" in done.stderr
