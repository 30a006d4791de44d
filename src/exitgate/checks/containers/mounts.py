"""Places to write that settings lay over an image: over its own files they let an intruder put others there, code included."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from exitgate.checks.containers.attempts import granted_attempts
from exitgate.finding import Finding
from exitgate.observe.attempts import Attempts
from exitgate.observe.contents import ImageContents
from exitgate.observe.layers import Entry, Kind, absolute, followed

_MOST_NAMED = 3
_NOT_OF_THE_IMAGE = ("/dev", "/proc", "/sys")
"""The engine mounts over these whatever the image holds there."""


def writable_files(attempts: Attempts, contents: ImageContents) -> list[Finding]:
    """Name each folder of the image in which a file can be made, and each place to write that lies over files of the image.

    A place to write over an empty folder, or one that the image does not have, is as it should be: the attempts leave it out.
    Files without content are none that anybody runs: they keep a folder in the image.

    Raises:
        ObservationError: if no attempt was made.
    """
    places = dict(attempts.locations.mounts)
    findings = granted_attempts(attempts, "root-filesystem")
    for path in dict.fromkeys(attempts.settings.writable_paths):
        covered = sorted(_files_at(path, contents))
        if covered:
            more = f" and {len(covered) - _MOST_NAMED} more" if len(covered) > _MOST_NAMED else ""
            findings.append(
                Finding(
                    location=places.get(path, attempts.locations.definition),
                    message=f"the workload may write to {path}, over files of the image",
                    expected="places to write over folders that are empty in the image",
                    got=", ".join(covered[:_MOST_NAMED]) + more,
                    remedy="Mount it read-only or over an empty folder: whoever gets in can replace there what is run.",
                )
            )
    return findings


def _files_at(path: str, contents: ImageContents) -> Iterator[str]:
    """Yield the files that the image holds at a path, or below it; engines follow its links before they mount."""
    place = _led_to(absolute(path), contents)
    if place in _NOT_OF_THE_IMAGE or place.startswith(tuple(f"{each}/" for each in _NOT_OF_THE_IMAGE)):
        return
    inside = place.rstrip("/") + "/"
    for each, (entry, _) in contents.entries.items():
        if (each == place or each.startswith(inside)) and _is_something(entry):
            yield each


def _led_to(path: str, contents: ImageContents) -> str:
    """Return where a path leads; of one that the image lacks, where its closest parent leads with the rest of it."""
    rest: list[str] = []
    while path != "/":
        entry = followed(path, contents.entries)
        if entry is not None:
            return posixpath.join(entry.path, *rest)
        path, _, name = path.rpartition("/")
        rest.insert(0, name)
        path = path or "/"
    return posixpath.join("/", *rest)


def _is_something(entry: Entry) -> bool:
    return entry.kind in {Kind.SYMLINK, Kind.HARD_LINK} or (entry.kind is Kind.FILE and entry.size_bytes > 0)
