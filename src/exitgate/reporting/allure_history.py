"""Allure's history beside a record: one line a run, so that a site shows how each check came out before.

Allure 3 reads and appends it as JSON lines (https://allurereport.org/docs/history-and-retries/). A run stands in it once, however
often its site is built.
"""

from __future__ import annotations

import json
from pathlib import Path

from exitgate.atomic import write_atomically
from exitgate.errors import EvidenceError

HISTORY = "allure-history.jsonl"
_RUN = "exitgateRun"
_MOST_RUNS = 50


def earlier_runs(path: Path, run_id: str) -> tuple[str, ...]:
    """Return the lines of the latest runs but this one, the oldest first; none where no history is kept yet.

    Raises:
        EvidenceError: if the file can't be read, or holds what is no history of Allure's.
    """
    if not path.exists():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(line for line in lines if json.loads(line).get(_RUN) != run_id)[-_MOST_RUNS:]
    except (OSError, ValueError, AttributeError) as error:
        raise EvidenceError(
            str(path),
            got=f"can't be read ({error})",
            expected="Allure's history, one JSON object a line",
            action="Move it away: a new one is begun.",
        ) from error


def keep_history(path: Path, earlier: tuple[str, ...], written: str, run_id: str) -> None:
    """Write the lines of earlier runs and the one that Allure added behind them, under the name of its run.

    Raises:
        EvidenceError: if Allure added none.
    """
    try:
        added = json.loads(written.splitlines()[len(earlier)])
    except (IndexError, ValueError) as error:
        raise EvidenceError(
            "Allure's history",
            got=f"{len(written.splitlines())} runs",
            expected=f"{len(earlier) + 1}: those before and this one",
            action="Use the version of Allure 3 that exitgate names.",
        ) from error
    own = json.dumps({**added, _RUN: run_id}, ensure_ascii=False)
    write_atomically(path, "".join(f"{line}\n" for line in (*earlier, own)))
