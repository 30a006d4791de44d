"""A clean clone of the target at one commit; or, for a folder that is no repository, a throwaway repository made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import PrerequisiteMissing, ProvisionError, TargetError
from exitgate.process import Completed, run_tool, scrubbed_environment

_GIT_TIMEOUT_S = 120.0
_CONFIGURATION = Path(__file__).with_name("git.ini")
"""Given as a file: git does not hand ``-c`` on to the process that reads the other end of a local clone."""
_EPOCH = "2026-01-01T00:00:00Z"
_AUTHOR = "exitgate reference"
_EMAIL = "reference@exitgate.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A working tree at one commit, made for one run."""

    path: Path
    commit: str
    dirty: bool
    materialised: bool


def clone_target(source: Path, destination: Path, *, allow_dirty: bool) -> Clone:
    """Clone the repository at `source`, whose root it must be, at its checked-out commit.

    Args:
        allow_dirty: Take uncommitted changes along, as a commit of the clone's own; the record says so.

    Raises:
        TargetError: if it is no git root, has no commit, or is dirty and that is not allowed.
        ProvisionError: if git fails.
        PrerequisiteMissing: if there is no git.
    """
    if not source.is_dir():
        raise TargetError(
            str(source), got="no folder", expected="the target's folder", action="Name it with --gate-target."
        )
    found = _git(source, "rev-parse", "--show-toplevel")
    if found.exit_code != 0 or Path(found.stdout.strip()).resolve() != source.resolve():
        raise TargetError(
            str(source),
            got="no git root",
            expected="the root of a git repository",
            action="Name the repository's root with --gate-target.",
        )
    head = _git(source, "rev-parse", "HEAD")
    if head.exit_code != 0:
        raise TargetError(str(source), got="no commit", expected="at least one", action="Commit the target first.")
    changes = _ok(_git(source, "status", "--porcelain", "--untracked-files=normal"), source).stdout.splitlines()
    if changes and not allow_dirty:
        raise TargetError(
            str(source),
            got=f"{len(changes)} uncommitted changes, first {changes[0].strip()!r}",
            expected="a clean tree, so that the verdict names a commit",
            action="Commit or stash them, or pass --gate-allow-dirty, which the record will say.",
        )
    _ok(_git(source, "clone", "--quiet", "--no-hardlinks", "--local", ".", str(destination)), source)
    _ok(_git(destination, "checkout", "--quiet", "--detach", head.stdout.strip()), destination)
    if changes:
        _commit_all(destination, source, "uncommitted changes of the target")
    commit = _ok(_git(destination, "rev-parse", "HEAD"), destination).stdout.strip()
    return Clone(path=destination, commit=commit, dirty=bool(changes), materialised=False)


def materialise_target(source: Path, destination: Path) -> Clone:
    """Make a repository of a folder, with one release tagged v1; the same content gives the same commit.

    Raises:
        ProvisionError: if git fails.
        PrerequisiteMissing: if there is no git.
    """
    destination.mkdir(parents=True)
    _ok(_git(destination, "init", "--quiet", "--initial-branch=main"), destination)
    _commit_all(destination, source, "release 1")
    _ok(_git(destination, "tag", "v1"), destination)
    commit = _ok(_git(destination, "rev-parse", "HEAD"), destination).stdout.strip()
    return Clone(path=destination, commit=commit, dirty=False, materialised=True)


def commit_everything(clone: Path, message: str) -> str:
    """Commit all changes in a clone's own tree and return the commit; used for faults.

    Raises:
        ProvisionError: if git fails.
    """
    _commit_all(clone, clone, message)
    return _ok(_git(clone, "rev-parse", "HEAD"), clone).stdout.strip()


def restore(clone: Path, commit: str) -> str:
    """Put a clone back to a commit, leaving nothing of what came after, and return the tree id it has then.

    Raises:
        ProvisionError: if git fails.
    """
    _ok(_git(clone, "reset", "--hard", "--quiet", commit), clone)
    _ok(_git(clone, "clean", "-ffdxq"), clone)
    return _ok(_git(clone, "rev-parse", "HEAD^{tree}"), clone).stdout.strip()


def _commit_all(repository: Path, work_tree: Path, message: str) -> None:
    git = repository / ".git"
    _ok(_git(work_tree, f"--git-dir={git}", f"--work-tree={work_tree}", "add", "--all", "."), repository)
    _ok(
        _git(
            work_tree,
            f"--git-dir={git}",
            f"--work-tree={work_tree}",
            "commit",
            "--quiet",
            "--no-verify",
            "--allow-empty",
            f"--message={message}",
        ),
        repository,
    )
    if work_tree != repository:
        _ok(_git(repository, "reset", "--hard", "--quiet"), repository)
        _ok(_git(repository, "clean", "-ffdxq"), repository)


def _git(cwd: Path, *arguments: str) -> Completed:
    # The user's git configuration (signing, hooks, filters, aliases) must not reach the clone, nor its dates vary.
    environment = scrubbed_environment(
        {
            "GIT_CONFIG_GLOBAL": str(_CONFIGURATION),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": _AUTHOR,
            "GIT_AUTHOR_EMAIL": _EMAIL,
            "GIT_COMMITTER_NAME": _AUTHOR,
            "GIT_COMMITTER_EMAIL": _EMAIL,
            "GIT_AUTHOR_DATE": _EPOCH,
            "GIT_COMMITTER_DATE": _EPOCH,
            "LC_ALL": "C",
        }
    )
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "core.fsmonitor=false")
    try:
        return run_tool(["git", *safe, *arguments], timeout_s=_GIT_TIMEOUT_S, environment=environment, cwd=cwd)
    except PrerequisiteMissing as error:
        raise TargetError(
            "git", got="not installed", expected="git 2.30 or later on PATH", action="Install git."
        ) from error
    except NotADirectoryError as error:
        raise TargetError(str(cwd), got="no folder", expected="the target's folder", action="Name one.") from error


def _ok(completed: Completed, where: Path) -> Completed:
    if completed.exit_code != 0:
        raise ProvisionError(
            f"git in {where}",
            got=completed.last_words,
            expected="git to succeed",
            action="Run the same git command by hand.",
        )
    return completed
