"""A run that is no gate's: made for one command, with everything that it starts removed at its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from exitgate.errors import ProvisionError
from exitgate.provision.engine import Engine, connect, engine_address
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.provision.scratch import scratch_folder
from exitgate.provision.sweep import of_run, remove
from exitgate.run import Run


@contextmanager
def own_run(what: str, clone: str = "") -> Iterator[tuple[Engine, Run]]:
    """Yield an engine and a run, and remove whatever carries the run's id at the end; SIGTERM ends the block, too.

    Args:
        what: What the run starts, for messages.
        clone: The target's folder, where there is one.

    Raises:
        PrerequisiteMissing: if there is no engine.
        ProvisionError: if something is left behind.
    """
    run_id, owner = new_run_id(), str(Owner.of_this_process())
    with _ending_on_sigterm(), connect(engine_address(os.environ)) as engine, scratch_folder(run_id, owner) as scratch:
        run = Run(
            id=run_id,
            owner=owner,
            gate_directory="",
            clone=clone,
            commit="",
            report_directory="",
            scratch=str(scratch),
        )
        try:
            yield engine, run
        finally:
            leaks = remove(of_run(engine, run_id))
            if leaks:
                raise ProvisionError(
                    what, got="; ".join(leaks), expected="nothing left behind", action="Run `exitgate sweep`."
                )


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Leave the block by an exception on SIGTERM, so that what was started is removed; its default would end us at once."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
