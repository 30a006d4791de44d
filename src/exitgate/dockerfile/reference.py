"""References of images: registry, repository, tag, digest.

Source: the grammar of github.com/distribution/reference, which Docker and BuildKit read references by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCRATCH = "scratch"
"""The image that is none."""
_DOCKER = "docker.io"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_REFERENCE = re.compile(
    rf"(?P<name>(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}))?",
    re.ASCII,
)
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image as a registry knows it."""

    registry: str
    """Host, with its port where one is written; ``docker.io`` where none is."""
    repository: str
    """Path within the registry; with ``library/`` for Docker's own images."""
    tag: str = ""
    digest: str = ""
    """``algorithm:hex``."""

    @property
    def name(self) -> str:
        """Registry and repository: equal for two spellings of the same, e.g. ``node`` and ``docker.io/library/node``."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar_name(self) -> str:
        """The name as people write it, e.g. ``node``."""
        return self.name.removeprefix(f"{_DOCKER}/").removeprefix("library/")


def parse_reference(text: str) -> Reference | None:
    """Return the parts of a reference; nothing where it is none, e.g. for capitals in a repository."""
    match = _REFERENCE.fullmatch(text)
    if not match or len(match["name"]) > _LONGEST_NAME:
        return None
    first, slash, rest = match["name"].partition("/")
    if slash and (re.search(r"[.:A-Z]", first) or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = _DOCKER, match["name"]
    if registry == f"index.{_DOCKER}":
        registry = _DOCKER
    if registry == _DOCKER and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry=registry, repository=repository, tag=match["tag"] or "", digest=match["digest"] or "")
