"""What the target's workflows verify, and what becomes of each failure on its way to the workflow's result."""

from exitgate.observe.verification.commands import StepCommand, step_commands
from exitgate.observe.verification.focused import SwitchedTest
from exitgate.observe.verification.graph import CutDependency, DroppedTarget
from exitgate.observe.verification.reading import (
    LonelyJob,
    TolerantStep,
    Verification,
    VerifyingCommand,
    read_verification,
)
from exitgate.observe.verification.skipping import IdleStep
from exitgate.observe.verification.sources import TaskSetting

__all__ = [
    "CutDependency",
    "DroppedTarget",
    "IdleStep",
    "LonelyJob",
    "StepCommand",
    "SwitchedTest",
    "TaskSetting",
    "TolerantStep",
    "Verification",
    "VerifyingCommand",
    "read_verification",
    "step_commands",
]
