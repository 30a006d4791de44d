"""A clean clone of the target at one commit; or, for a folder that is no repository, a throwaway repository made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import TargetError
from exitgate.provision.git import git, succeeded
from exitgate.provision.history import has_releases, materialise_releases


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
    """
    if not source.is_dir():
        raise TargetError(
            str(source), got="no folder", expected="the target's folder", action="Name it with --gate-target."
        )
    if not is_git_root(source):
        raise TargetError(
            str(source),
            got="no git root",
            expected="the root of a git repository",
            action="Name the repository's root with --gate-target.",
        )
    head = git(source, "rev-parse", "HEAD")
    if head.exit_code != 0:
        raise TargetError(str(source), got="no commit", expected="at least one", action="Commit the target first.")
    changes = succeeded(git(source, "status", "--porcelain", "--untracked-files=normal"), source).stdout.splitlines()
    if changes and not allow_dirty:
        raise TargetError(
            str(source),
            got=f"{len(changes)} uncommitted changes, first {changes[0].strip()!r}",
            expected="a clean tree, so that the verdict names a commit",
            action="Commit or stash them, or pass --gate-allow-dirty, which the record will say.",
        )
    succeeded(git(source, "clone", "--quiet", "--no-hardlinks", "--local", ".", str(destination)), source)
    succeeded(git(destination, "checkout", "--quiet", "--detach", head.stdout.strip()), destination)
    if changes:
        _commit_all(destination, source, "uncommitted changes of the target")
    commit = succeeded(git(destination, "rev-parse", "HEAD"), destination).stdout.strip()
    return Clone(path=destination, commit=commit, dirty=bool(changes), materialised=False)


def is_git_root(folder: Path) -> bool:
    """Say whether a folder is the root of a git repository, whose history then is its own."""
    found = git(folder, "rev-parse", "--show-toplevel")
    return found.exit_code == 0 and Path(found.stdout.strip()).resolve() == folder.resolve()


def materialise_target(source: Path, destination: Path) -> Clone:
    """Make a repository of a folder; the same content gives the same commit.

    With ``releases/history.toml`` in the folder its history is what that tells; else one release, tagged v1.

    Raises:
        TargetError: if what the folder says of its history does not hold.
        ProvisionError: if git fails.
    """
    destination.mkdir(parents=True)
    succeeded(git(destination, "init", "--quiet", "--initial-branch=main"), destination)
    if has_releases(source):
        materialise_releases(source, destination)
    else:
        _commit_all(destination, source, "release 1")
        succeeded(git(destination, "tag", "v1"), destination)
    commit = succeeded(git(destination, "rev-parse", "HEAD"), destination).stdout.strip()
    return Clone(path=destination, commit=commit, dirty=False, materialised=True)


def commit_everything(clone: Path, message: str) -> str:
    """Commit all changes in a clone's own tree and return the commit; used for faults.

    Raises:
        ProvisionError: if git fails.
    """
    _commit_all(clone, clone, message)
    return succeeded(git(clone, "rev-parse", "HEAD"), clone).stdout.strip()


def commit_time(clone: Path) -> str:
    """Return when the checked-out commit was made, in seconds since 1970.

    Raises:
        ProvisionError: if git fails.
    """
    return succeeded(git(clone, "show", "--no-patch", "--format=%ct", "HEAD"), clone).stdout.strip()


def restore(clone: Path, commit: str) -> str:
    """Put a clone back to a commit, leaving nothing of what came after, and return the tree id it has then.

    Raises:
        ProvisionError: if git fails.
    """
    succeeded(git(clone, "reset", "--hard", "--quiet", commit), clone)
    succeeded(git(clone, "clean", "-ffdxq"), clone)
    return succeeded(git(clone, "rev-parse", "HEAD^{tree}"), clone).stdout.strip()


def _commit_all(repository: Path, work_tree: Path, message: str) -> None:
    places = (f"--git-dir={repository / '.git'}", f"--work-tree={work_tree}")
    succeeded(git(work_tree, *places, "add", "--all", "."), repository)
    succeeded(
        git(
            work_tree,
            *places,
            "commit",
            "--quiet",
            "--no-verify",
            "--allow-empty",
            f"--message={message}",
        ),
        repository,
    )
    if work_tree != repository:
        succeeded(git(repository, "reset", "--hard", "--quiet"), repository)
        succeeded(git(repository, "clean", "-ffdxq"), repository)
