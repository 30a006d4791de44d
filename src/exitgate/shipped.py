"""Where the gates lie that ship with exitgate. Imported before pytest can rewrite assertions, so it imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

import exitgate
from exitgate.errors import UsageError

CATALOGUE_FILE = "gate.toml"


def shipped_gate(name: str) -> Path | None:
    """Return the folder of a gate that ships with exitgate, in a checkout or in a wheel.

    Found by hand, so that no gate module is imported before pytest can rewrite its assertions.
    """
    packages = [Path(entry) for entry in exitgate.__path__]
    for gates in (
        *(package / "gates" for package in packages),
        *(package.parent.parent / "gates" for package in packages),
    ):
        if (gates / name / CATALOGUE_FILE).is_file():
            return gates / name
    return None


def shipped_gate_directory(name: str) -> Path:
    """Return the folder of a gate that ships with exitgate.

    Raises:
        UsageError: if none of that name does.
    """
    directory = shipped_gate(name)
    if directory is None:
        raise UsageError(
            f"gate {name!r}",
            got="no such gate",
            expected="one that ships with exitgate: gate3",
            action="Name one of them.",
        )
    return directory
