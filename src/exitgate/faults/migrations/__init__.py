"""Faults of the criterion "migrations safe and automated"."""

from exitgate.faults.migrations.commands import FAULTS as _COMMANDS
from exitgate.faults.migrations.executed import FAULTS as _EXECUTED
from exitgate.faults.migrations.policy import FAULTS as _POLICY
from exitgate.faults.migrations.runs import FAULTS as _RUNS

FAULTS = (*_POLICY, *_COMMANDS, *_RUNS, *_EXECUTED)
