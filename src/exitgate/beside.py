"""Runs a command of the user's own beside throwaway backing servers: for the target's tests, and to work on it by hand."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from exitgate.errors import UsageError
from exitgate.own_run import own_run
from exitgate.provision.backing import environment_of, servers
from exitgate.provision.engine import find_builder
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
    with own_run("backing servers", str(target.directory)) as (engine, run):
        names = frozenset(use.backing for use in uses.values())
        running = servers(engine, find_builder(), run, target.backings, names)
        with environment_of(uses, running, locally=True) as environment:
            return _call(command, {**os.environ, **environment})


def _call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        code = subprocess.run(list(command), env=environment, check=False).returncode
    except OSError as error:
        raise UsageError(
            command[0], got=f"can't be run ({error.strerror})", expected="a program", action="Correct the command."
        ) from error
    return code if code >= 0 else 128 - code
