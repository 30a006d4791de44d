"""Lets a stack live its life, where its code may be given what that takes."""

from __future__ import annotations

from collections.abc import Collection

from exitgate.observe.terraform import read_infrastructure
from exitgate.observe.terraform.escapes import refuse_programs
from exitgate.provision.stack_files import WHOLE, Part, StackLife
from exitgate.provision.stack_life import live_stack
from exitgate.provision.stack_plan import plan_stack
from exitgate.provision.terraform import TerraformTool
from exitgate.run import Run
from exitgate.target import Infrastructure, Target


def read_life(
    tool: TerraformTool, run: Run, target: Target, code: Infrastructure, parts: Collection[Part] = WHOLE
) -> StackLife:
    """Return a stack's life, or the parts of it that are wanted.

    A real account sees only code whose plan, made without credentials, shows no program of its own.

    A plan runs such programs too, so they are looked for in one that an offline override makes, before the first with credentials.

    Raises:
        PrerequisiteMissing: if there is one, the target names no stack for it, or something that it takes is not to be had.
        ProvisionError: if an emulator does not start, or can't be ended.
        ObservationError: if an apply or a plan fails or hangs.
    """
    if run.aws_account and code.sandbox:
        stack = next(each for each in code.stack if each.name == code.sandbox.stack)
        seen = read_infrastructure(target, tool, [plan_stack(tool, run, target, code, stack)])
        for each in seen.stacks:
            refuse_programs(each.outside, run.aws_account)
    return live_stack(tool, run, target, code, parts)
