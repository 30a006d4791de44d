"""3.3.C.1: the sample service starts by what is planned, and by nothing beside it."""

from __future__ import annotations

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.sample_start import PlannedStart, SampleStart
from exitgate.observe.terraform import Infrastructure
from exitgate.observe.terraform.planned_tasks import PlannedTaskDefinition, planned_task_definition
from exitgate.target import Workload


def planned_definitions(
    planned: Infrastructure, workload: Workload
) -> tuple[tuple[str, PlannedTaskDefinition, int | None], ...]:
    """Return each stack's definition of a workload's container, and the memory of its whole task in MiB.

    Raises:
        PrerequisiteMissing: if a stack plans none, or it is not known before an apply.
        ObservationError: if ECS would not accept it.
    """
    found = []
    for stack in planned.stacks:
        pair = service_of(stack, workload, Judgement())
        if pair is None:
            raise PrerequisiteMissing(
                f"stack {stack.name}",
                got=f"no ECS service of {workload.name}",
                expected="one, to be started",
                action="Declare it first.",
                blocked_by="3.3.B.1.1",
            )
        memory = str(pair[1].get("memory") or "")
        task = planned_task_definition(stack, pair[1], workload.container_name)
        found.append((stack.name, task, int(memory) if memory.isdigit() else None))
    return tuple(found)


def failed_starts(sample: SampleStart) -> list[Finding]:
    """Name each planned definition by which the service does not answer on its health path."""

    def judge(start: PlannedStart, judgement: Judgement) -> None:
        if start.failure:
            judgement.fault(
                start.location,
                f"{sample.workload} does not start by its planned task definition",
                expected=f"a success from {sample.path} on the port that the definition maps",
                got=start.failure,
                remedy="Correct the setting in the infrastructure code: the container gets what the definition says, and no more.",
            )

    return judged(sample, judge)
