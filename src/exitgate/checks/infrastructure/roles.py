"""3.3.B.3.1 to 3.3.B.3.3: who may take on the roles of tasks, what they are allowed, and that nobody shares one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.grants import grants_of, statements_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown
from exitgate.observe.terraform.resources import parsed
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload

_TASKS = "ecs-tasks.amazonaws.com"
_SOURCES = ("aws:sourceaccount", "aws:sourcearn")
_LIMITING = ("stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase")
_ACCOUNT = 4
"""Where an ARN has its account."""


def loose_trust(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Name each statement of an execution role's trust policy that lets in more than this account's ECS tasks."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        role = _role(stack, workload, "execution_role_arn", judgement)
        if role is None:
            return
        statements = statements_of(parsed(role.get("assume_role_policy")))
        if statements is None:
            judgement.open(role, "assume_role_policy")
        allowed = [each for each in statements or () if str(each.get("Effect")) == "Allow"]
        if statements is not None and not allowed:
            judgement.fault(
                role.locate("assume_role_policy"),
                f"{role.address} may be taken on by nobody",
                expected=_TASKS,
                got="no statement that allows it",
                remedy="Let ecs-tasks.amazonaws.com take it on.",
            )
        for statement in allowed:
            _judge_principal(role, statement, judgement)
            _judge_conditions(role, statement, judgement)

    return judged(planned, judge)


def _judge_principal(role: Resource, statement: Mapping[str, object], judgement: Judgement) -> None:
    principal = statement.get("Principal")
    services = _list(principal.get("Service")) if isinstance(principal, Mapping) else ["everybody"]
    others = isinstance(principal, Mapping) and set(principal) - {"Service"}
    if services != [_TASKS] or others:
        judgement.fault(
            role.locate("assume_role_policy"),
            f"{role.address} may be taken on by others than ECS tasks",
            expected=_TASKS,
            got=str(principal) if principal is not None else f"NotPrincipal {statement.get('NotPrincipal')}",
            remedy="Leave ecs-tasks.amazonaws.com alone as principal.",
        )


def _judge_conditions(role: Resource, statement: Mapping[str, object], judgement: Judgement) -> None:
    """Say which condition is missing. One that is negated, holds without the key, or takes any account limits nothing."""
    limiting = {
        str(key).lower()
        for operator, test in _mapping(statement.get("Condition")).items()
        if str(operator).lower() in _LIMITING
        for key, values in _mapping(test).items()
        if _list(values) and not any(_takes_any_account(each) for each in _list(values))
    }
    for missing in (each for each in _SOURCES if each not in limiting):
        judgement.fault(
            role.locate("assume_role_policy"),
            f"{role.address} is trusted to tasks of any account: it has no condition on {missing}",
            expected="conditions on aws:SourceAccount and aws:SourceArn that hold for one account",
            got=", ".join(sorted(limiting)) or "none",
            remedy="Add both conditions, with this account.",
        )


def _takes_any_account(value: str) -> bool:
    parts = value.split(":")
    account = parts[_ACCOUNT] if value.startswith("arn:") and len(parts) > _ACCOUNT else value
    return not account or any(each in account for each in "*?")


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
        for grant in grants_of(stack, role, judgement):
            if grant.whole:
                _beyond(judgement, grant.owner, role, f"all of {grant.whole}")
            elif str(grant.statement.get("Effect")) == "Allow":
                for what in _unneeded(grant.statement, needed):
                    _beyond(judgement, grant.owner, role, what)

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
                if not mine and isinstance(other, Unknown):
                    judgement.open(task, key)
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


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [] if value is None else [str(value)]


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}
