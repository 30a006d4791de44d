"""What asks scanners to look away: comments in code, and files that they would read by themselves. Listed, and not obeyed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exitgate.errors import one_line

_COMMENT: Final = re.compile(r"(trivy|tfsec):(ignore)|(hadolint\s+(?:global\s+)?)(ignore)\s*=", re.IGNORECASE)
_IGNORE_FILES: Final = frozenset(
    {
        ".trivyignore",
        ".trivyignore.yaml",
        ".trivyignore.yml",
        "trivy.yaml",
        "trivy.yml",
        "trivy-secret.yaml",
        ".hadolint.yaml",
        ".hadolint.yml",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Suppression:
    """What asks a scanner to look away."""

    location: str
    text: str


def suppressions_in(path: str, text: str) -> list[Suppression]:
    """Return the comments of a file that ask for it."""
    return [
        Suppression(location=f"{path}:{number}", text=one_line(line, 120))
        for number, line in enumerate(text.split("\n"), 1)
        if _COMMENT.search(line)
    ]


def disarmed(text: str) -> str:
    """Return the same text, line for line, with such comments made ineffective."""
    return "\n".join(_COMMENT.sub(r"\1\3 not obeyed ", line) for line in text.split("\n"))


def ignore_files(root: Path) -> Iterable[Suppression]:
    """Yield the files in a folder that a scanner would read by itself."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in {".git", "node_modules"})
        for name in sorted(_IGNORE_FILES.intersection(names)):
            yield Suppression(location=(Path(folder) / name).relative_to(root).as_posix(), text="ignore file")
