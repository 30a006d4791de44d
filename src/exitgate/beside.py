"""Runs a command of the user's own beside throwaway backing servers: for the target's tests, and to work on it by hand."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from exitgate.errors import ProvisionError, UsageError
from exitgate.provision.backing import environment_of, servers
from exitgate.provision.engine import connect, engine_address, find_builder
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.provision.scratch import scratch_folder
from exitgate.provision.sweep import of_run, remove
from exitgate.run import Run
from exitgate.target import BackingUse, Target


def run_beside(target: Target, command: Sequence[str], uses: Mapping[str, BackingUse]) -> int:
    """Start the servers that the variables name, run the command with them in its environment, and remove the servers.

    Returns:
        The command's exit code; 128 and the signal's number where a signal ended it.

    Raises:
        UsageError: if a server is named that the target does not declare, or the command can't be run.
        PrerequisiteMissing: if there is no engine, or a server's image can be had in no way.
        ProvisionError: if a server does not serve in time, or something is left behind.
    """
    declared = {backing.name for backing in target.backings}
    for variable, use in uses.items():
        if use.backing not in declared:
            raise UsageError(
                f"--set {variable}",
                got=f"server {use.backing!r}",
                expected=f"one that exitgate.toml declares: {', '.join(sorted(declared)) or 'there is no [[backing]]'}",
                action="Correct its name, or declare it.",
            )
    run_id, owner = new_run_id(), str(Owner.of_this_process())
    with _ending_on_sigterm(), connect(engine_address(os.environ)) as engine, scratch_folder(run_id, owner) as scratch:
        run = Run(
            id=run_id,
            owner=owner,
            gate_directory="",
            clone=str(target.directory),
            commit="",
            report_directory="",
            scratch=str(scratch),
        )
        try:
            names = frozenset(use.backing for use in uses.values())
            running = servers(engine, find_builder(), run, target.backings, names)
            with environment_of(uses, running, locally=True) as environment:
                return _call(command, {**os.environ, **environment})
        finally:
            leaks = remove(of_run(engine, run_id))
            if leaks:
                raise ProvisionError(
                    "backing servers",
                    got="; ".join(leaks),
                    expected="nothing left behind",
                    action="Run `exitgate sweep`.",
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


def _call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        code = subprocess.run(list(command), env=environment, check=False).returncode
    except OSError as error:
        raise UsageError(
            command[0], got=f"can't be run ({error.strerror})", expected="a program", action="Correct the command."
        ) from error
    return code if code >= 0 else 128 - code
