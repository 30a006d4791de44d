"""Runs that judge nothing, for what is tried with one: labels, a scratch folder, and nothing else of a run."""

from __future__ import annotations

from pathlib import Path

from exitgate.provision.ownership import Owner, new_run_id
from exitgate.run import Run


def run_in(scratch: Path | str = "", *, name: str = "", owner: str = "") -> Run:
    """Return a run with that scratch folder.

    Args:
        scratch: Empty for none.
        name: Its id; a new one where it is not given.
        owner: The process that it belongs to; this one where it is not given.
    """
    return Run(
        id=name or new_run_id(),
        owner=owner or str(Owner.of_this_process()),
        gate_directory="",
        clone="",
        commit="",
        report_directory="",
        scratch=str(scratch),
    )
