"""3.3.C.1: the sample service starts by what is planned, answers by TLS, and works with its servers and not without them."""

from __future__ import annotations

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.flows import planned_networks
from exitgate.checks.infrastructure.judging import Judgement, judged, stack_left_out
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.planned_front import read_front
from exitgate.observe.sample_start import PlannedStart, SampleStart
from exitgate.observe.sample_trials import Answer, Dependency
from exitgate.observe.sample_work import TYPES, PlannedSample, SampleWork, WorkedStack
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


def planned_sample(
    planned: Infrastructure, workload: Workload, workloads: tuple[Workload, ...], stack: str
) -> PlannedSample:
    """Return what one stack plans of a workload.

    Raises:
        PrerequisiteMissing: if the stack was not planned, or plans no such workload.
        ObservationError: if ECS would not accept its definition.
    """
    found = next((each for each in planned.stacks if each.name == stack), None)
    if found is None:
        raise stack_left_out((stack,))
    (_, definition, memory_mib) = next(each for each in planned_definitions(planned, workload) if each[0] == stack)
    pair = service_of(found, workload, Judgement())
    network = next(each for name, each in planned_networks(planned, workloads) if name == stack)
    return PlannedSample(
        stack=stack,
        definition=definition,
        task_memory_mib=memory_mib,
        front=read_front(found, pair[0], workload.container_name) if pair else None,
        network=network,
        servers=tuple(each.address for each in found.of(*(kind for kinds in TYPES.values() for kind in kinds))),
    )


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


def unanswered_requests(sample: SampleWork) -> list[Finding]:
    """Name each kind of requests that is not served by the sample service where it is asked by TLS from the internet's end."""

    def judge(stack: WorkedStack, judgement: Judgement) -> None:
        front = stack.front
        if front is None or stack.failure:
            _judge_failure(sample, stack, judgement)
            return
        judgement.unknown += stack.unknown
        if stack.health and stack.health != "healthy":
            judgement.fault(
                front.group_location,
                f"{sample.workload} does not pass the health check of its planned target group",
                expected=f"{', '.join(map(str, front.success_codes))} from {front.health_path}",
                got=f"a target that is {stack.health}",
                remedy="Correct path, matcher or protocol of the target group: ECS replaces tasks that fail it.",
            )
        if front.unknown:
            return
        for answer in stack.answers:
            if not answer.is_served:
                judgement.fault(
                    _decided(stack, answer),
                    f"{sample.workload} is not reached by TLS for {answer.traffic} requests, {answer.path}",
                    expected="an answer of the service, with one of the codes that [[service.traffic]] accepts",
                    got=_came_back(answer),
                    remedy="Correct the listener, its rules or the target group, or open the flows on the way.",
                )
        if not stack.answers:
            judgement.unknown.append(f"{sample.workload}: no [[service.traffic]] tells what it serves")

    return judged(sample, judge)


def idle_dependencies(sample: SampleWork) -> list[Finding]:
    """Name each backing server that the sample service does no work with, works as well without, or does not come back to."""

    def judge(stack: WorkedStack, judgement: Judgement) -> None:
        if stack.failure:
            _judge_failure(sample, stack, judgement)
            return
        judgement.unknown += [*stack.unknown, *stack.untried]
        if stack.front and stack.front.unknown:
            return
        for each in stack.dependencies:
            _judge_dependency(sample, stack, each, judgement)
        if not stack.dependencies:
            judgement.unknown.append(f"{sample.workload}: no server that it leans on was tried")

    return judged(sample, judge)


def _judge_failure(sample: SampleWork, stack: WorkedStack, judgement: Judgement) -> None:
    judgement.fault(
        stack.location,
        f"{sample.workload} does not come to work on its planned network",
        expected=f"a start with the servers that {sample.workload} leans on, behind a listener of TLS",
        got=stack.failure,
        remedy="Correct what is planned: the definition, the flows to the servers, or the way in.",
    )


def _judge_dependency(sample: SampleWork, stack: WorkedStack, each: Dependency, judgement: Judgement) -> None:
    name = each.kind if each.server == each.kind else f"{each.kind} {each.server}"
    if not each.works:
        said, expected = f"{sample.workload} does none of its work that takes {name}", "work that shows in the server"
    elif each.works_without:
        said, expected = f"{sample.workload} works as well without {name}", "work that stops while the server is away"
    elif not each.works_again:
        said, expected = f"{sample.workload} does not come back to {name}", "the same work once the server is back"
    else:
        return
    judgement.fault(
        stack.location,
        said,
        expected=expected,
        got=each.words,
        remedy="Have the service use what the plan gives it; open the flow between them, or correct what tells of the server.",
    )


def _decided(stack: WorkedStack, answer: Answer) -> str:
    """Return where what decided over a request is written: the rule that answered, else the target group or the listener."""
    front = stack.front
    if front is None:
        return stack.location
    if (
        answer.status
        and not answer.by_task
        and any(rule.address == answer.rule and rule.answers for rule in front.rules)
    ):
        return front.places.get(answer.rule, front.location)
    return front.group_location if answer.status else front.location


def _came_back(answer: Answer) -> str:
    if not answer.status:
        return answer.failure
    who = "the service" if answer.by_task else f"the balancer, by {answer.rule or 'none of its rules'}"
    return f"status {answer.status} of {who}"
