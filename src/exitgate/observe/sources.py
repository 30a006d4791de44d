"""The files that the target's repository holds, known by content: what an image holds can then be told to be one of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError
from exitgate.observation import Observation, Substrate
from exitgate.provision.git import git, succeeded

_SMALLEST_BYTES = 32
"""Below this, files are alike by chance: empty ones, one-line re-exports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources(Observation):
    """Committed files by content."""

    paths: dict[str, str]
    """``{sha256 of the content: path}`` of all committed files of at least 32 bytes; of equal ones the first by name."""


def read_sources(root: Path, substrate: Substrate) -> Sources:
    """Read all files that git tracks in a clone.

    Raises:
        ObservationError: if it tracks none.
        ProvisionError: if git fails.
    """
    listed = succeeded(git(root, "ls-files", "-z", "--cached"), root).stdout.split("\0")
    paths: dict[str, str] = {}
    for name in sorted(filter(None, listed)):
        path = root / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size < _SMALLEST_BYTES:
            continue
        paths.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), name)
    if not paths:
        raise ObservationError(
            str(root), got="no committed file", expected="the target's sources", action="Commit them."
        )
    return Sources(substrate=substrate, paths=paths)
