"""3.3.C.3 by the model: needs are met, nothing else is, nobody else takes the role on, and it leads to no more rights."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.checks.infrastructure.rights import Asking, RoleKind, asking_for, concrete, draw_beyond, needs_of
from exitgate.finding import Finding
from exitgate.observe.planned_rights import PlannedRights, Role, asked, takes_on, takes_on_as
from exitgate.observe.terraform import Infrastructure, Stack
from exitgate.policy import InfrastructurePolicy
from exitgate.rights import Context, Decision, Principal, Verdict
from exitgate.rights.drawing import places
from exitgate.rights.escalation import ADMIN, DIRECT, PASS, PASSING
from exitgate.target import Workload

_TASKS = "ecs-tasks.amazonaws.com"
_STRANGER = "999999999999"
_OTHER_SERVICES = (
    "ec2.amazonaws.com",
    "lambda.amazonaws.com",
    "codebuild.amazonaws.com",
    "cloudformation.amazonaws.com",
)
_STEPS = 2
_SHOWN = 3
_ROLES: tuple[RoleKind, ...] = ("task", "execution")


def wrong_decisions(planned: Infrastructure, policy: InfrastructurePolicy, workload: Workload) -> list[Finding]:
    """Name what IAM would decide otherwise than the policy asks, for both roles of a workload."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for kind in _ROLES:
            asking = asking_for(stack, workload, kind, judgement)
            if asking is None:
                continue
            needs = needs_of(policy, workload, kind)
            for need, why in needs.items():
                asking.needs(*concrete(need, asking.rights), why)
            draw_beyond(asking, needs)
            asking.finish(f"what [[policy.infrastructure.need]] lists for the {kind} role")
            _judge_trust(asking)
            _judge_escalation(asking)

    return judged(planned, judge)


def _judge_trust(asking: Asking) -> None:
    rights, role = asking.rights, asking.role
    own, region = rights.arns.account, rights.arns.region
    decision = takes_on(rights, role, Principal(service=_TASKS), _source(own, region))
    if decision.verdict is Verdict.DENIED:
        asking.judgement.fault(
            rights.locate(f"{role.address} (trust)"),
            f"{role.address} can't be taken on by this account's own tasks",
            expected=f"{_TASKS} for {own}",
            got="denied",
            remedy="Let the trust policy name ECS tasks of this account.",
        )
    strangers = [
        ("ECS tasks of another account, a confused deputy", Principal(service=_TASKS), _source(_STRANGER, region)),
        *((name, Principal(service=name), _source(own, region)) for name in _OTHER_SERVICES),
        *(
            (
                f"a role of {'this' if account == own else 'another'} account",
                Principal(
                    arn=f"arn:aws:iam::{account}:role/exitgate-drawn",
                    session=f"arn:aws:sts::{account}:assumed-role/exitgate-drawn/exitgate",
                    account=account,
                ),
                Context(complete=False),
            )
            for account in (own, _STRANGER)
        ),
    ]
    for who, principal, context in strangers:
        decision = takes_on(rights, role, principal, context)
        if decision.verdict is Verdict.ALLOWED:
            by = decision.statements[-1]
            asking.judgement.fault(
                rights.locate(by),
                f"{role.address} can be taken on by {who}, by {by}",
                expected=f"{_TASKS} of this account alone",
                got=who,
                remedy="Name ecs-tasks.amazonaws.com alone, with aws:SourceAccount and aws:SourceArn.",
            )
        elif decision.verdict is Verdict.UNKNOWN:
            asking.doubt(decision, "sts:AssumeRole", f"{role.arn} for {who}")


def _source(account: str, region: str) -> Context:
    values = {
        "aws:sourceaccount": (account,),
        "aws:sourcearn": (f"arn:aws:ecs:{region}:{account}:cluster/exitgate-drawn",),
        "aws:principalisawsservice": ("true",),
    }
    return Context(values=values, complete=False)


def _judge_escalation(asking: Asking) -> None:
    rights, role, judgement = asking.rights, asking.role, asking.judgement
    by_statement: dict[str, list[str]] = defaultdict(list)
    for name, statement in _escalations(rights, role):
        by_statement[statement].append(name)
    for statement, names in by_statement.items():
        more = f" and {len(names) - _SHOWN} ways more" if len(names) > _SHOWN else ""
        judgement.fault(
            rights.locate(statement),
            f"{role.address} can give itself more rights by {statement}: {', '.join(names[:_SHOWN])}{more}",
            expected="no known way to more rights",
            got=", ".join(names),
            remedy="Take the action away, or limit it to resources that lead nowhere.",
        )
    way = _way_to_admin(rights, role)
    if way:
        judgement.fault(
            rights.locate(way[0][1]),
            f"{role.address} becomes an administrator in {len(way) - 1} steps: {' → '.join(name for name, _ in way)}",
            expected="no way to an administrator",
            got=", ".join(by for _, by in way if by),
            remedy="Take the first step away: what may be passed on or taken on.",
        )


def _escalations(rights: PlannedRights, role: Role) -> Iterator[tuple[str, str]]:
    for escalation in (*DIRECT, *PASSING):
        by = _all_allowed(rights, role, escalation.actions, escalation.passes_to)
        if by:
            yield f"{escalation.name} ({', '.join(escalation.actions)})", by


def _all_allowed(rights: PlannedRights, role: Role, actions: tuple[str, ...], passed_to: str = "") -> str:
    """Return the statement that allows the first of some actions, if all are allowed on something; else nothing."""
    first = ""
    for action in actions:
        decision = _somewhere(rights, role, action, passed_to)
        if decision is None:
            return ""
        first = first or decision.statements[0]
    return first


def _somewhere(rights: PlannedRights, role: Role, action: str, passed_to: str = "") -> Decision | None:
    arns = rights.arns
    for resource in places(role.policies, action, arns.all(), account=arns.account, region=arns.region):
        decision = asked(rights, role, action, resource, passed_to=passed_to if action == PASS else "")
        if decision.verdict is Verdict.ALLOWED:
            return decision
    return None


def _is_admin(rights: PlannedRights, role: Role) -> bool:
    return all(_somewhere(rights, role, action) for action in ADMIN)


def _way_to_admin(rights: PlannedRights, start: Role) -> list[tuple[str, str]]:
    """Return the shortest way to an administrator, as roles and what leads to the next; empty where there is none."""
    waiting: deque[list[tuple[str, str]]] = deque([[(start.address, "")]])
    seen = {start.address}
    while waiting:
        way = waiting.popleft()
        here = rights.roles[way[-1][0]]
        if len(way) > 1 and _is_admin(rights, here):
            return way
        if len(way) > _STEPS:
            continue
        for role in rights.roles.values():
            if role.address not in seen and (by := _step(rights, here, role)):
                seen.add(role.address)
                waiting.append([*way[:-1], (way[-1][0], by), (role.address, "")])
    return []


def _step(rights: PlannedRights, here: Role, there: Role) -> str:
    """Return the statement by which one role gets another's rights; empty where it can't."""
    taken = takes_on_as(rights, here, there)
    if taken.verdict is Verdict.ALLOWED:
        return taken.statements[0]
    own = rights.arns.account
    for escalation in PASSING:
        passed = asked(rights, here, PASS, there.arn, passed_to=escalation.passes_to)
        if passed.verdict is not Verdict.ALLOWED:
            continue
        others = tuple(action for action in escalation.actions if action != PASS)
        trusted = takes_on(rights, there, Principal(service=escalation.passes_to), _source(own, rights.arns.region))
        if trusted.verdict is Verdict.ALLOWED and _all_allowed(rights, here, others):
            return passed.statements[0]
    return ""
