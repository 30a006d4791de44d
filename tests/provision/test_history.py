"""A folder that tells its own history: what is made of it, and what is said where it tells it wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from exitgate.errors import TargetError
from exitgate.provision.clone import commit_everything, materialise_target, restore
from tests.provision.repository import git, tree, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

ROOT = Path(__file__).parent.parent.parent
HISTORY = """\
organisation = "shop"
first_release = "v1.0.0"

[[commit]]
title = "The workspace"
author = "Ada Lovelace <ada@example.invalid>"
date = 2026-02-01T09:00:00+01:00
paths = [".gitignore", "*.md"]

[[commit]]
title = "The service"
author = "Bob Ross <bob@example.invalid>"
date = 2026-02-02T09:00:00Z
paths = ["app"]

[[commit]]
title = "Migration {name}"
author = "Bob Ross <bob@example.invalid>"
date = 2026-02-03T09:00:00Z
each_folder_of = "app/migrations"

[[pull_request]]
number = 12
branch = "greet"
patch = "0012-greet.patch"
merged_by = "Bob Ross <bob@example.invalid>"
merged_at = 2026-03-02T10:00:00+01:00

[[pull_request]]
number = 15
branch = "ada/farewell"
patch = "0015-farewell.patch"
merged_by = "Zoë Noir <zoe@example.invalid>"
merged_at = 2026-03-05T10:00:00Z
release = "v2.0.0"
"""
FIRST = {
    ".gitignore": "ignored\n",
    "READ ME.md": "A shop.\n",
    "app/main": "one\ntwo\nthree\n",
    "app/migrations/1_make/up.sql": "CREATE\n",
    "app/migrations/2_alter/up.sql": "ALTER\n",
    "app/migrations/lock": "postgresql\n",
}


def place(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def pull_request(work: Path, releases: Path, name: str, message: str, **files: str) -> None:
    place(work, **files)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--date=2026-03-01T08:00:00+0200", f"--message={message}")
    patch = git(work, "format-patch", "-1", "--stdout", "--zero-commit", "--full-index", "HEAD")
    releases.mkdir(exist_ok=True)
    (releases / name).write_text(patch + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the second release, with what led to it."""
    work, folder = tmp_path / "work", tmp_path / "folder"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main")
    place(work, **FIRST)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=first")
    releases = tmp_path / "releases"
    pull_request(
        work, releases, "0012-greet.patch", "Greet\n\nPeople like it. Größe: 1.", **{"app/main": "one\n2\nthree\n"}
    )
    more = {"app/main": "one\n2\n3\n", "app/migrations/3_drop/up.sql": "DROP\n", "new.md": "New\n"}
    pull_request(work, releases, "0015-farewell.patch", "Say farewell", **more)
    shutil.copytree(work, folder, ignore=shutil.ignore_patterns(".git"))
    shutil.move(releases, folder / "releases")
    (folder / "releases" / "history.toml").write_text(HISTORY, encoding="utf-8")
    (folder / "app" / "main").chmod(0o755)
    write(folder, ignored="secret\n")
    return folder


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "made"


def refusal(folder: Path, destination: Path) -> TargetError:
    with pytest.raises(TargetError) as caught:
        materialise_target(folder, destination)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def retell(folder: Path, right: str, wrong: str) -> None:
    assert right in HISTORY
    (folder / "releases" / "history.toml").write_text(HISTORY.replace(right, wrong, 1), encoding="utf-8")


# ---- Clean --------------------------------------------------------------------------------------------------------


def test_the_end_is_the_folder_without_what_tells_of_it(folder: Path, destination: Path) -> None:
    clone = materialise_target(folder, destination)
    expected = {name: text for name, text in tree(folder).items() if name != "ignored" and "releases/" not in name}
    assert tree(destination) == expected
    assert (clone.dirty, clone.materialised) == (False, True)
    assert clone.commit == git(destination, "rev-parse", "v2.0.0") == git(destination, "rev-parse", "main")
    assert git(destination, "status", "--porcelain") == ""
    assert git(destination, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        "refs/tags/v1.0.0",
        "refs/tags/v2.0.0",
    ]
    assert os.access(destination / "app" / "main", os.X_OK)
    assert git(destination, "fsck", "--strict") == ""


def test_the_first_release_is_what_was_before_the_patches(folder: Path, destination: Path) -> None:
    materialise_target(folder, destination)
    git(destination, "checkout", "--quiet", "v1.0.0")
    assert tree(destination) == FIRST


def test_the_first_release_is_told_in_commits_with_each_migration_by_itself(folder: Path, destination: Path) -> None:
    materialise_target(folder, destination)
    assert git(destination, "log", "--reverse", "--format=%s|%an|%ai", "v1.0.0").split("\n") == [
        "The workspace|Ada Lovelace|2026-02-01 09:00:00 +0100",
        "The service|Bob Ross|2026-02-02 09:00:00 +0000",
        "Migration 1_make|Bob Ross|2026-02-03 09:00:00 +0000",
        "Migration 2_alter|Bob Ross|2026-02-03 10:00:00 +0000",
    ]
    assert git(destination, "show", "--format=", "--name-only", "v1.0.0~1").split() == [
        "app/migrations/1_make/up.sql",
        "app/migrations/lock",
    ]
    assert git(destination, "show", "--format=", "--name-only", "v1.0.0").split() == ["app/migrations/2_alter/up.sql"]


def test_a_pull_request_is_a_commit_and_a_merge_as_github_writes_it(folder: Path, destination: Path) -> None:
    materialise_target(folder, destination)
    said = {
        name: git(destination, "show", "--no-patch", "--format=%B|%an|%cn|%ai", name) for name in ("main", "main~1")
    }
    assert said == {
        "main": """\
Merge pull request #15 from shop/ada/farewell

Say farewell
|Zoë Noir|GitHub|2026-03-05 10:00:00 +0000""",
        "main~1": """\
Merge pull request #12 from shop/greet

Greet
|Bob Ross|GitHub|2026-03-02 10:00:00 +0100""",
    }
    commit = git(destination, "show", "--format=%an <%ae>|%ai|%cn|%B", "--name-only", "main~1^2")
    assert commit.startswith(
        "Ada <ada@example.invalid>|2026-03-01 08:00:00 +0200|Ada|Greet\n\nPeople like it. Größe: 1."
    )
    assert commit.splitlines()[-1] == "app/main"
    assert git(destination, "rev-parse", "main~1^2^") == git(destination, "rev-parse", "v1.0.0")


def test_equal_content_gives_equal_commits_whatever_the_user_has_configured(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = materialise_target(folder, tmp_path / "one")
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    write(
        hostile,
        **{
            ".gitconfig": "[user]\nname=Eve\n[core]\nautocrlf=true\n[apply]\nwhitespace=error\n[commit]\ngpgSign=true\n"
            "[diff]\nnoprefix=true\n[init]\ndefaultBranch=trunk\n"
        },
    )
    monkeypatch.setenv("HOME", str(hostile))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(hostile / ".gitconfig"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    shutil.copytree(folder, tmp_path / "copy")
    assert materialise_target(tmp_path / "copy", tmp_path / "other").commit == one.commit


def test_telling_leaves_the_folder_as_it_was(folder: Path, destination: Path) -> None:
    before = tree(folder)
    materialise_target(folder, destination)
    assert tree(folder) == before


def test_a_fault_can_be_committed_on_top_and_taken_back(folder: Path, destination: Path) -> None:
    clone = materialise_target(folder, destination)
    before = git(destination, "rev-parse", "HEAD^{tree}")
    write(destination, **{"new.md": "broken\n"})
    assert commit_everything(destination, "a fault") != clone.commit
    assert git(destination, "log", "-1", "--format=%s", "HEAD~1").startswith("Merge pull request #15")
    assert restore(destination, clone.commit) == before


# ---- Empty --------------------------------------------------------------------------------------------------------


def test_without_pull_requests_the_folder_is_the_first_release(folder: Path, destination: Path) -> None:
    for patch in (folder / "releases").glob("*.patch"):
        patch.unlink()
    text = HISTORY.partition("[[pull_request]]")[0]
    (folder / "releases" / "history.toml").write_text(text, encoding="utf-8")
    clone = materialise_target(folder, destination)
    assert clone.commit == git(destination, "rev-parse", "v1.0.0")
    assert git(destination, "tag") == "v1.0.0"


def test_a_folder_of_releases_without_a_history_is_a_folder_like_others(folder: Path, destination: Path) -> None:
    (folder / "releases" / "history.toml").unlink()
    materialise_target(folder, destination)
    assert git(destination, "tag") == "v1"
    assert "releases/0012-greet.patch" in tree(destination)


# ---- Faulty -------------------------------------------------------------------------------------------------------


def test_a_patch_that_does_not_fit_the_folder_is_named_with_what_to_do(folder: Path, destination: Path) -> None:
    place(folder, **{"app/main": "one\n2\nfour\n"})
    error = refusal(folder, destination)
    assert error.subject == str(folder / "releases" / "0015-farewell.patch")
    assert error.got == "it can't be undone from the folder (app/main: patch does not apply)"
    assert error.action == "Renew it: releases/README.md says how."


def test_a_patch_that_those_after_it_leave_without_its_work_is_named(folder: Path, destination: Path) -> None:
    later = folder / "releases" / "0015-farewell.patch"
    later.write_text(later.read_text(encoding="utf-8").replace("\n 2\n", "\n 5\n"), encoding="utf-8")
    place(folder, **{"app/main": "one\n5\n3\n"})
    assert refusal(folder, destination).subject.endswith("0012-greet.patch")


def test_files_that_no_commit_tells_are_counted(folder: Path, destination: Path) -> None:
    place(folder, **{"docs/a": "x\n", "docs/b": "x\n"})
    error = refusal(folder, destination)
    assert error.subject == str(folder / "releases" / "history.toml")
    assert error.got == "docs/a and 1 more, in no commit"


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ('paths = ["app"]', 'paths = ["apps"]', "'The service' without a file (apps)"),
        ("app/migrations", "db/migrations", "'Migration {name}' without a file (db/migrations)"),
    ],
)
def test_a_commit_without_a_file_is_named(folder: Path, destination: Path, right: str, wrong: str, named: str) -> None:
    if "apps" in wrong:
        place(folder, **{"other.md": "x\n"})
        shutil.rmtree(folder / "app")
        for patch in (folder / "releases").glob("*.patch"):
            patch.unlink()
        text = HISTORY.partition("[[pull_request]]")[0].replace(right, wrong)
        (folder / "releases" / "history.toml").write_text(text, encoding="utf-8")
    else:
        retell(folder, right, wrong)
    assert named in refusal(folder, destination).got


@pytest.mark.parametrize(
    ("right", "wrong", "got", "line"),
    [
        ("number = 15", "number = 12", "number = 12 a second time", "number = 12"),
        ('release = "v2.0.0"', "", "a last pull request without a release", "number = 15"),
        ('release = "v2.0.0"', 'release = "v1.0.0"', "release 'v1.0.0' a second time", 'release = "v1.0.0"'),
        ("number = 12", 'title = "x"\nnumber = 12', "unknown key 'pull_request.0.title'", 'title = "x"'),
        ("2026-02-02T09:00:00Z", "2026-02-02T09:00:00", "commit.1.date = ", "date = 2026-02-02T09"),
        ("Zoë Noir <zoe@example.invalid>", "Zoë Noir", "pull_request.1.merged_by = 'Zoë Noir'", 'merged_by = "Zoë'),
        ('paths = ["app"]', "", "commit.1 = ", None),
        ('title = "The service"', 'title = "The {name}"', "commit.1 = ", None),
        ("0012-greet.patch", "../greet.patch", "pull_request.0.patch = '../greet.patch'", "patch ="),
    ],
)
def test_a_wrong_history_is_refused_with_its_line(
    folder: Path, destination: Path, right: str, wrong: str, got: str, line: str | None
) -> None:
    retell(folder, right, wrong)
    error = refusal(folder, destination)
    assert error.got.startswith(got)
    path, _, number = error.subject.rpartition(":")
    assert path == str(folder / "releases" / "history.toml")
    lines = (folder / "releases" / "history.toml").read_text(encoding="utf-8").split("\n")
    if line is None:
        assert lines[int(number) - 1] == "[[commit]]"
        assert lines[int(number)].startswith("title = ")
    else:
        assert lines[int(number) - 1].startswith(line)


def test_a_history_that_is_no_toml_is_refused(folder: Path, destination: Path) -> None:
    retell(folder, "organisation =", "organisation")
    assert refusal(folder, destination).expected == "valid TOML in UTF-8"


@pytest.mark.parametrize("change", ["gone", "stray"])
def test_patches_and_pull_requests_have_to_be_the_same(folder: Path, destination: Path, change: str) -> None:
    if change == "gone":
        (folder / "releases" / "0012-greet.patch").unlink()
    else:
        retell(folder, "0012-greet.patch", "0012-great.patch")
    assert refusal(folder, destination).subject.endswith("0012-greet.patch" if change == "gone" else "0012-great.patch")


@pytest.mark.parametrize("head", ["From: ", "Date: ", "Subject: "])
def test_a_patch_without_its_head_is_refused(folder: Path, destination: Path, head: str) -> None:
    patch = folder / "releases" / "0012-greet.patch"
    kept = [line for line in patch.read_text(encoding="utf-8").split("\n") if not line.startswith(head)]
    patch.write_text("\n".join(kept), encoding="utf-8")
    error = refusal(folder, destination)
    assert error.subject == str(patch)
    assert "mailbox form" in error.expected


# ---- The reference ------------------------------------------------------------------------------------------------


def test_every_patch_of_the_reference_fits_it(destination: Path) -> None:
    try:
        materialise_target(ROOT / "reference", destination)
    except TargetError as error:
        pytest.fail(f"{error} Here: scripts/release-patch renew", pytrace=False)
    assert git(destination, "tag").split() == ["v1.0.0", "v2.0.0"]
