"""What a stack's life leaves: files in the run's folder, read by all workers, and errors that keep their kind on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing, ProvisionError

_KINDS: Final[Mapping[str, type[ExitgateError]]] = {
    "PrerequisiteMissing": PrerequisiteMissing,
    "ProvisionError": ProvisionError,
    "ObservationError": ObservationError,
}


class Part(StrEnum):
    """What somebody wants to see of a stack's life; what nobody wants is left out, as a proof of a few checks does."""

    STANDING = "standing"
    """What stands in an account right after the apply."""
    RIGHTS = "rights"
    """What its roles are answered and refused."""
    WHOLE = "whole"
    """All of it: two accounts that are compared, a second plan, changes by hand, the destroy."""


WHOLE: Final = frozenset({Part.WHOLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class StackLife:
    """What a stack's life left, below ``folder``: they hold secrets in the clear.

    ``first.json`` and ``second.json`` are the states of the two accounts, ``standing.json`` what the API tells of the first,
    ``again.json`` the plan right after the apply,
    ``quiet.json`` and ``drift.json`` those before and after the changes by hand, ``schema.json`` the provider's,
    ``rights.json`` what roles were answered in the second account, ``told.json`` all else. Of a life in part some are missing.
    """

    folder: Path

    def read(self, name: str) -> Any:
        """Return one of the files.

        Raises:
            ObservationError: if it can't be read.
        """
        path = self.folder / f"{name}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ObservationError(
                f"life of the stack, {name}",
                got=str(error),
                expected="JSON",
                action="Run again; report it if it stays.",
            ) from error

    def rights(self) -> Any:
        """Return what the roles of the second account were answered and refused.

        Raises:
            ExitgateError: of what kept them from being tried, or if the file can't be read.
        """
        told = self.read("rights")
        if told.get("error"):
            raise read_error(told["error"])
        return told


def told_error(error: ExitgateError) -> dict[str, Any]:
    """Return an error as plain data."""
    return {"kind": type(error).__name__, "words": [error.subject, error.got, error.expected, error.action]}


def read_error(told: Mapping[str, Any]) -> ExitgateError:
    """Return an error of what `told_error` gave."""
    subject, got, expected, action = told["words"]
    return _KINDS.get(told["kind"], ObservationError)(subject, got=got, expected=expected, action=action)


def resources_of(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the managed resources of what ``show -json`` tells of a state."""
    yield from _resources_of((state.get("values") or {}).get("root_module") or {})


def _resources_of(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", ()) if each.get("mode") == "managed")
    for child in module.get("child_modules", ()):
        yield from _resources_of(child)
