"""CODEOWNERS as GitHub reads it: which file counts, which line of it decides.

Source: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Observation, Substrate
from exitgate.provision.git import git, succeeded

LOCATIONS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""In the order in which GitHub looks; the first that is there counts alone."""
_LARGEST_BYTES = 3 * 1024 * 1024
_OWNER = re.compile(r"@[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule:
    """One line of the file."""

    line: int
    pattern: str
    owners: tuple[str, ...]
    """Empty where the line takes ownership away again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners(Observation):
    """The file that counts."""

    path: str
    rules: tuple[OwnerRule, ...]
    files: tuple[str, ...] = ()
    """Every committed file that it speaks of, or not."""
    invalid: tuple[int, ...] = ()
    """Lines that GitHub skips: patterns that it does not take, words that are no owners."""

    def rule_for(self, file: str) -> OwnerRule | None:
        """Return the last line whose pattern matches a file, the path being relative to the repository."""
        return next((rule for rule in reversed(self.rules) if matches(rule.pattern, file)), None)


def read_code_owners(root: Path) -> CodeOwners:
    """Read the file that GitHub would.

    Raises:
        PrerequisiteMissing: if there is none.
        ObservationError: if it can't be read, or is larger than GitHub takes.
    """
    name = next((each for each in LOCATIONS if (root / each).is_file()), None)
    if name is None:
        raise PrerequisiteMissing(
            "CODEOWNERS", got="no such file", expected=f"one at {', '.join(LOCATIONS)}", action="Write one."
        )
    try:
        if (root / name).stat().st_size > _LARGEST_BYTES:
            raise ObservationError(
                name, got="more than 3 MB, which GitHub does not load", expected="less", action="Use broader patterns."
            )
        text = (root / name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ObservationError(
            name, got=f"can't be read ({error})", expected="a UTF-8 text file", action="Mend the file."
        ) from error
    files = succeeded(git(root, "ls-files", "-z"), root).stdout.split("\0")
    return replace(parse_code_owners(text, name), files=tuple(filter(None, files)))


def parse_code_owners(text: str, path: str = LOCATIONS[0]) -> CodeOwners:
    """Return the rules of a file's text; lines with something wrong are skipped, as GitHub skips them."""
    rules, invalid = [], []
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*", "", line).strip()
        if not bare:
            continue
        pattern, *owners = re.findall(r"(?:\\.|\S)+", bare)
        if pattern.startswith("!") or re.search(r"(?<!\\)\[", pattern) or not all(map(_OWNER.fullmatch, owners)):
            invalid.append(number)
            continue
        rules.append(OwnerRule(line=number, pattern=pattern, owners=tuple(owners)))
    substrate = Substrate(
        assurance=Assurance.MODELLED,
        name="GitHub's rules for CODEOWNERS",
        limits=("whether its owners exist and may write to the repository, GitHub alone knows",),
    )
    return CodeOwners(substrate=substrate, path=path, rules=tuple(rules), invalid=tuple(invalid))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/") if anchored else pattern.rstrip("/")
    parts = []
    for token in re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|\\.|.", body):
        match token:
            case "**/":
                parts.append("(?:[^/]+/)*")
            case "/**":
                parts.append("/.+")
            case "**":
                parts.append(".*")
            case "*":
                parts.append("[^/]*")
            case "?":
                parts.append("[^/]")
            case _:
                parts.append(re.escape(token.removeprefix("\\")))
    # `docs/*` is what lies in the folder itself; whatever names a folder otherwise is all that is below it.
    below = "/.+" if pattern.endswith("/") else "" if anchored and body.endswith("/*") else "(?:/.+)?"
    return re.compile(("" if anchored or pattern.startswith("/") else "(?:.*/)?") + "".join(parts) + below)


def matches(pattern: str, file: str) -> bool:
    """Say whether a pattern matches a file."""
    return _expression(pattern).fullmatch(file) is not None
