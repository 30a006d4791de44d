"""3.3.B.3.1 to 3.3.B.3.3: who may take on the roles of tasks, what they are allowed, and that nobody shares one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack
from exitgate.observe.terraform.resources import parsed
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload

_TASKS = "ecs-tasks.amazonaws.com"
_SOURCES = ("aws:sourceaccount", "aws:sourcearn")


def loose_trust(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Name each statement of an execution role's trust policy that lets in more than this account's ECS tasks."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        role = _role(stack, workload, "execution_role_arn", judgement)
        if role is None:
            return
        statements = list(_statements(role, "assume_role_policy", judgement))
        for statement in statements:
            if str(statement.get("Effect")) != "Allow":
                continue
            principal = statement.get("Principal")
            services = _list(principal.get("Service")) if isinstance(principal, Mapping) else ["everybody"]
            others = isinstance(principal, Mapping) and set(principal) - {"Service"}
            if services != [_TASKS] or others:
                judgement.fault(
                    role.locate("assume_role_policy"),
                    f"{role.address} may be taken on by others than ECS tasks",
                    expected=_TASKS,
                    got=str(principal),
                    remedy="Leave ecs-tasks.amazonaws.com alone as principal.",
                )
            keys = {
                str(key).lower() for test in _mapping(statement.get("Condition")).values() for key in _mapping(test)
            }
            for missing in (each for each in _SOURCES if each not in keys):
                judgement.fault(
                    role.locate("assume_role_policy"),
                    f"{role.address} is trusted to tasks of any account: it has no condition on {missing}",
                    expected="conditions on aws:SourceAccount and aws:SourceArn",
                    got=", ".join(sorted(keys)) or "none",
                    remedy="Add both conditions, with this account.",
                )

    return judged(planned, judge)


def rights_beyond_need(planned: Infrastructure, policy: InfrastructurePolicy, workload: Workload) -> list[Finding]:
    """Name each action and resource that a task role is allowed and that the policy does not list as needed."""
    needed = {
        (action, resource)
        for need in policy.need
        if need.workload == workload.name and need.role == "task"
        for action in need.actions
        for resource in need.resources
    }

    def judge(stack: Stack, judgement: Judgement) -> None:
        role = _role(stack, workload, "task_role_arn", judgement)
        if role is None:
            return
        for owner, statement in _grants(stack, role, judgement):
            if str(statement.get("Effect")) == "Allow":
                for what in _unneeded(statement, needed):
                    _beyond(judgement, owner, role, what)
        for each in (
            *_attached(stack, role),
            *(v for v in _list(role.get("managed_policy_arns")) if v.startswith("arn:")),
        ):
            owner, arn = each if isinstance(each, tuple) else (role, each)
            _beyond(judgement, owner, role, f"all of the managed policy {arn}")

    return judged(planned, judge)


def shared_roles(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Say where a service's task definition has no task role, or one that another uses too, or that starts tasks."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        role = _role(stack, workload, "task_role_arn", judgement)
        pair = service_of(stack, workload, judgement)
        if role is None or pair is None:
            return
        for task in stack.of("aws_ecs_task_definition"):
            for key in ("task_role_arn", "execution_role_arn"):
                other = task.get(key)
                mine = task is pair[1] and key == "task_role_arn"
                if not mine and isinstance(other, Reference) and other.address == role.address:
                    judgement.fault(
                        pair[1].locate("task_role_arn"),
                        f"{role.address} is a role of {workload.name} and the {key.partition('_')[0]} role of {task.address}",
                        expected="a task role that nothing else uses",
                        got="a shared role",
                        remedy="Give the service a task role of its own.",
                    )

    return judged(planned, judge)


def _unneeded(statement: Mapping[str, object], needed: set[tuple[str, str]]) -> Iterator[str]:
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield f"all but {', '.join(_list(statement[key]))} by {key}"
    for action in _list(statement.get("Action")):
        for resource in _list(statement.get("Resource")):
            if (action, resource) not in needed:
                yield f"{action} on {resource}"


def _beyond(judgement: Judgement, owner: Resource, role: Resource, what: str) -> None:
    judgement.fault(
        owner.locate("policy"),
        f"{role.address} is allowed {what}, which nobody needs",
        expected="what [[policy.infrastructure.need]] lists for the task role",
        got=what,
        remedy="Take it out, or list it as needed, with the reason.",
    )


def _role(stack: Stack, workload: Workload, key: str, judgement: Judgement) -> Resource | None:
    pair = service_of(stack, workload, judgement)
    if pair is None:
        return None
    arn = pair[1].get(key)
    if arn in (None, ""):
        judgement.fault(
            pair[1].locate(key),
            f"the task definition of {workload.name} has no {key}",
            expected="a role of its own",
            got="none",
            remedy=f"Set {key}.",
        )
        return None
    role = stack.find(arn.address) if isinstance(arn, Reference) else None
    if role is None:
        judgement.open(pair[1], key)
    return role


def _statements(owner: Resource, key: str, judgement: Judgement) -> Iterator[Mapping[str, object]]:
    document = parsed(owner.get(key))
    if not isinstance(document, Mapping):
        judgement.open(owner, key)
        return
    found = document.get("Statement")
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, Mapping):
            yield each


def _grants(stack: Stack, role: Resource, judgement: Judgement) -> Iterator[tuple[Resource, Mapping[str, object]]]:
    for policy in stack.of("aws_iam_role_policy"):
        owner = policy.get("role")
        if not isinstance(owner, Reference) and owner != role.get("name"):
            if not isinstance(owner, str):
                judgement.open(policy, "role")
            continue
        if isinstance(owner, Reference) and owner.address != role.address:
            continue
        for statement in _statements(policy, "policy", judgement):
            yield policy, statement
    for block in role.blocks("inline_policy") or ():
        document = parsed(block.get("policy"))
        for statement in document.get("Statement", ()) if isinstance(document, Mapping) else ():
            yield role, statement


def _attached(stack: Stack, role: Resource) -> Iterator[tuple[Resource, str]]:
    for each in stack.of("aws_iam_role_policy_attachment"):
        owner = each.get("role")
        if owner == role.get("name") or (isinstance(owner, Reference) and owner.address == role.address):
            arn = each.get("policy_arn")
            yield each, arn.address if isinstance(arn, Reference) else str(arn)


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [] if value is None else [str(value)]


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}
