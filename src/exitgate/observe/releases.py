"""The releases that led to the judged commit, by their tags."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Observation, Substrate
from exitgate.provision.git import git, succeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A state of the target that was given out."""

    tag: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases(Observation):
    """All releases that the judged commit comes after, oldest first, itself included where it is one."""

    pattern: str
    releases: tuple[Release, ...]
    previous: Release | None
    """The newest that is not the judged commit itself; nothing for a first release."""
    unreleased: frozenset[str]
    """Paths of files that came after the previous release."""


def read_releases(root: Path, pattern: str) -> Releases:
    """Read tags.

    Raises:
        PrerequisiteMissing: if the clone is shallow.
    """
    if succeeded(git(root, "rev-parse", "--is-shallow-repository"), root).stdout.strip() == "true":
        raise PrerequisiteMissing(
            "git history",
            got="a shallow clone",
            expected="all of it, tags included",
            action="Fetch with full depth (fetch-depth: 0).",
        )
    head = succeeded(git(root, "rev-parse", "HEAD"), root).stdout.strip()
    found = []
    for tag in succeeded(git(root, "tag", "--merged", "HEAD"), root).stdout.split():
        if fnmatchcase(tag, pattern):
            commit = succeeded(git(root, "rev-parse", f"{tag}^{{commit}}"), root).stdout.strip()
            depth = int(succeeded(git(root, "rev-list", "--count", commit), root).stdout)
            found.append((depth, tag, commit))
    releases = tuple(Release(tag=tag, commit=commit) for _, tag, commit in sorted(found))
    previous = next((each for each in reversed(releases) if each.commit != head), None)
    added = (
        succeeded(git(root, "diff", "-z", "--name-only", "--diff-filter=A", previous.commit, "HEAD"), root).stdout
        if previous
        else ""
    )
    return Releases(
        substrate=Substrate(assurance=Assurance.DECLARED, name="git tags"),
        pattern=pattern,
        releases=releases,
        previous=previous,
        unreleased=frozenset(filter(None, added.split("\0"))),
    )
