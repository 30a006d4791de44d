"""The error tree of exitgate, and the one sentence that every user-facing error is.

ExitgateError
├── TargetError            the target or its exitgate.toml can't be used as given
├── CatalogueError         gate.toml, a marker or a proof ledger contradicts the catalogue
├── ProvisionError         a throwaway resource could not be made or removed
├── ObservationError       a fact could not be read, though everything needed for it was there
├── EvidenceError          the record or its evidence is damaged or could not be kept
├── UsageError             the command line asks for something impossible
└── PrerequisiteMissing    something this machine or target does not have: *not assessed*, never an error of the run
"""

from __future__ import annotations

_LONGEST_PART = 400


def one_line(text: str, limit: int = _LONGEST_PART) -> str:
    """Fold white space and control characters so that hostile or long text stays one line of at most `limit` characters."""
    folded = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


class ExitgateError(Exception):
    """An error a person can act on: what it is about, what was found, what was expected, what to do next.

    Args:
        subject: What and where, e.g. ``exitgate.toml:12``.
        got: What was found there.
        expected: What should have been there.
        action: The next thing to do, an imperative.
    """

    def __init__(self, subject: str, *, got: str, expected: str, action: str) -> None:
        self.subject, self.got, self.expected, self.action = subject, got, expected, action
        super().__init__(subject, got, expected, action)

    def __str__(self) -> str:
        return f"{one_line(self.subject)}: {one_line(self.got)}; expected {one_line(self.expected)}. {one_line(self.action)}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.subject, self.got, self.expected, self.action))


def _rebuild(kind: type[ExitgateError], subject: str, got: str, expected: str, action: str) -> ExitgateError:
    return kind(subject, got=got, expected=expected, action=action)


class TargetError(ExitgateError):
    """The target, or its exitgate.toml, can't be used as given."""


class CatalogueError(ExitgateError):
    """A gate.toml, a check marker or a proof ledger contradicts the catalogue."""


class ProvisionError(ExitgateError):
    """A throwaway resource could not be made or removed."""


class ObservationError(ExitgateError):
    """A fact could not be read, though everything needed to read it was there."""


class EvidenceError(ExitgateError):
    """The record or a piece of evidence is damaged or could not be kept."""


class UsageError(ExitgateError):
    """The command line asks for something impossible."""


class PrerequisiteMissing(ExitgateError):
    """Something that an assessment needs is absent; the dependent checks are *not assessed*.

    Args:
        blocked_by: The control whose failure is the reason, where there is one.
    """

    def __init__(self, subject: str, *, got: str, expected: str, action: str, blocked_by: str = "") -> None:
        super().__init__(subject, got=got, expected=expected, action=action)
        self.blocked_by = blocked_by

    def __str__(self) -> str:
        blocked = f"blocked by {self.blocked_by}: " if self.blocked_by else ""
        return blocked + super().__str__()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_missing, (self.subject, self.got, self.expected, self.action, self.blocked_by))


def _rebuild_missing(subject: str, got: str, expected: str, action: str, blocked_by: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(subject, got=got, expected=expected, action=action, blocked_by=blocked_by)
