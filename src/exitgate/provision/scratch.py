"""The throwaway folder of a run, marked with its owner."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exitgate.errors import ProvisionError

PREFIX = "exitgate-"
MARKER = ".exitgate-run.json"


@contextmanager
def scratch_folder(run_id: str, owner: str) -> Iterator[Path]:
    """Make the run's folder, and remove it at the end.

    Raises:
        ProvisionError: if it can't be made or removed.
    """
    path = make_scratch_folder(run_id, owner)
    try:
        yield path
    finally:
        remove_scratch_folder(path)


def make_scratch_folder(run_id: str, owner: str) -> Path:
    """Make a folder below the system's temporary one that names its run and owner.

    Raises:
        ProvisionError: if there is no room, or no right to.
    """
    path = None
    try:
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run_id}-"))
        (path / MARKER).write_text(json.dumps({"run": run_id, "owner": owner}), encoding="utf-8")
    except OSError as error:
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)
        raise ProvisionError(
            tempfile.gettempdir(),
            got=f"no folder can be made in it ({error.strerror})",
            expected="room for a clone of the target",
            action="Free some space, or set TMPDIR to a folder that has it.",
        ) from error
    return path


def remove_scratch_folder(path: Path) -> None:
    """Remove a run's folder.

    Raises:
        ProvisionError: if something in it stays: a leak is an error, never a warning.
    """
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ProvisionError(
            str(path),
            got=f"can't be removed ({error.strerror})",
            expected="a run that leaves nothing behind",
            action="Remove it by hand.",
        ) from error


def marked_folders() -> Iterator[tuple[Path, str, str]]:
    """Yield every run's folder on this machine with its run id and owner; folders without our mark are not ours."""
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        try:
            mark = json.loads((path / MARKER).read_text(encoding="utf-8"))
            yield path, str(mark["run"]), str(mark["owner"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
