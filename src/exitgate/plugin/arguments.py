"""What the command line asks for: which gate, and the defaults of a gate run. Reads arguments, imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from exitgate.shipped import CATALOGUE_FILE, shipped_gate

_SHIPPED_PREFIX = "exitgate.gates."
_WORKERS = "2"


def named_gate(args: Sequence[str], directory: Path) -> Path | None:
    """Return the folder of the gate that the arguments name, by path or (after ``--pyargs``) by import name.

    Args:
        directory: Where pytest was called, which relative paths start from.
    """
    for argument in args:
        if argument.startswith("-"):
            continue
        name = argument.split("::", 1)[0]
        if name.startswith(_SHIPPED_PREFIX) and "--pyargs" in args:
            if found := _shipped_module(name):
                return found
            continue
        path = (directory / name).resolve()
        for candidate in (path, path.parent):
            if (candidate / CATALOGUE_FILE).is_file() and (path == candidate or path.suffix == ".py"):
                return candidate
        inner = sorted(path.glob(f"*/{CATALOGUE_FILE}")) if path.is_dir() else []
        if len(inner) == 1:
            return inner[0].parent
    return None


def _shipped_module(name: str) -> Path | None:
    return shipped_gate(name.removeprefix(_SHIPPED_PREFIX).split(".")[0])


def report_directory(args: Sequence[str], directory: Path, root: Path, gate: Path) -> Path:
    """Return where the run's report goes: what ``--gate-report`` says, else ``reports/<gate>`` below pytest's root."""
    for index, argument in enumerate(args):
        name, equals, value = argument.partition("=")
        if name == "--gate-report":
            following = args[index + 1] if index + 1 < len(args) else ""
            return directory / (value if equals else following)
    return root / "reports" / gate.name


def gate_defaults(args: Sequence[str], *, report: Path, has_xdist: bool, has_allure: bool) -> list[str]:
    """Return what a gate run adds to its arguments: two workers, Allure results, no tracebacks.

    What the user gives stands after it, and so wins; only restarts are none of their business, since a restarted worker makes
    results vanish (pytest-xdist issues 1323 and 1327).
    """
    defaults = ["--import-mode=importlib", "--continue-on-collection-errors", "--tb=no", "--no-header", "-q", "-rN"]
    if has_xdist:
        defaults += ["--max-worker-restart=0"]
        if not any(_chooses_workers(argument) for argument in args):
            defaults += ["-n", _WORKERS]
    if has_allure and not any(argument.startswith("--alluredir") for argument in args):
        defaults += [f"--alluredir={report / 'allure-results'}"]
    return defaults


def _chooses_workers(argument: str) -> bool:
    return (
        argument == "--pdb"
        or argument.startswith("--numprocesses")
        or argument == "-n"
        or (argument[:2] == "-n" and argument[2:].isalnum())
    )
