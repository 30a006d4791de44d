"""3.3.B.3.1 and 3.3.B.3.2 as IAM would decide: which secrets execution roles may read, and what task roles may do beside needs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.planned_rights import SUFFIX, PlannedRights, Role, asked, read_planned_rights
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack
from exitgate.observe.terraform.resources import parsed
from exitgate.policy import InfrastructurePolicy
from exitgate.rights import Decision, Verdict
from exitgate.rights.drawing import Asked, at_random, filled, made_for, made_of, outside
from exitgate.target import Workload

DRAWS = 400
"""How many requests are drawn at random for a role, beside those that its own statements are about."""
_READ = "secretsmanager:GetSecretValue"
_NARROW = "Name the resources that are needed by ARN, and no others."
_SHOWN = 3
RoleKind = Literal["task", "execution"]


@dataclass(slots=True, kw_only=True)
class Asking:
    """A role of a workload, and what became of what it was asked for."""

    rights: PlannedRights
    role: Role
    task: Resource
    judgement: Judgement
    beyond: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Statement to what it allows and should not."""

    def needs(self, action: str, resource: str, why: str, *, via: str = "") -> None:
        """Note a need that is not met."""
        decision = asked(self.rights, self.role, action, resource, via=via)
        if decision.verdict is Verdict.ALLOWED:
            return
        if decision.verdict is Verdict.UNKNOWN or (self.role.unknown and not decision.explicit):
            self.doubt(decision, action, resource)
            return
        by = f", refused by {decision.statements[0]}" if decision.explicit else ": no statement allows it"
        where = decision.statements[0] if decision.explicit else self.role.address
        self.judgement.fault(
            self.rights.locate(where),
            f"{self.role.address} is denied {action} on {resource}{by}",
            expected=f"allowed: {why}",
            got="denied",
            remedy="Allow it on this resource, or take it from the policy's needs.",
        )

    def refuses(self, action: str, resource: str, *, via: str = "") -> None:
        """Note what is allowed beyond need, by the statement that allows it."""
        decision = asked(self.rights, self.role, action, resource, via=via)
        if decision.verdict is Verdict.ALLOWED:
            self.beyond[decision.statements[0]].append(f"{action} on {resource}")
        elif decision.verdict is Verdict.UNKNOWN:
            self.doubt(decision, action, resource)

    def doubt(self, decision: Decision, action: str, resource: str) -> None:
        """Note what can't be decided."""
        on = decision.statements[0] if decision.statements else self.role.address
        self.judgement.unknown.append(f"{on}: whether it decides {action} on {resource}")

    def finish(self, expected: str) -> None:
        """Turn what was noted into findings, one for each statement."""
        for statement, several in self.beyond.items():
            told = list(dict.fromkeys(several))
            more = f" and {len(told) - _SHOWN} requests more" if len(told) > _SHOWN else ""
            self.judgement.fault(
                self.rights.locate(statement),
                f"{self.role.address} is allowed {', '.join(told[:_SHOWN])}{more}, by {statement}",
                expected=expected,
                got="allowed",
                remedy=_NARROW,
            )
        self.judgement.unknown += self.role.unknown
        self.judgement.unknown += self.rights.unknown


def unneeded_secrets(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Name each secret that an execution role may read and no task of it refers to, and each that it may not and has to."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        asking = asking_for(stack, workload, "execution", judgement)
        if asking is None:
            return
        referred = set(_referred(stack, asking))
        for arn in sorted(referred):
            asking.needs(_read_action(arn), arn, "a task refers to it")
            key = _key_of(asking.rights, arn)
            if key:
                asking.needs("kms:Decrypt", key, f"the key of {arn}", via="secretsmanager")
        for arn in _other_secrets(asking.rights, referred):
            asking.refuses(_read_action(arn), arn)
        asking.finish("the secrets that its tasks refer to, and no others")

    return judged(planned, judge)


def allowed_beyond_need(planned: Infrastructure, policy: InfrastructurePolicy, workload: Workload) -> list[Finding]:
    """Name each statement by which a task role is allowed what the policy does not list as needed."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        asking = asking_for(stack, workload, "task", judgement)
        if asking:
            draw_beyond(asking, needs_of(policy, workload, "task"))
            asking.finish("what [[policy.infrastructure.need]] lists for the task role")

    return judged(planned, judge)


def asking_for(stack: Stack, workload: Workload, kind: RoleKind, judgement: Judgement) -> Asking | None:
    """Return a workload's role, ready to be asked; None where there is none, which is noted."""
    pair = service_of(stack, workload, judgement)
    if pair is None:
        return None
    arn = pair[1].get(f"{kind}_role_arn")
    if arn in (None, ""):
        # A task without a role of its own may do nothing; that it has none is another check's finding.
        judgement.unknown.append(f"{pair[1].address}: {kind}_role_arn, which is not set")
        return None
    rights = read_planned_rights(stack)
    role = rights.roles.get(arn.address) if isinstance(arn, Reference) else None
    if role is None:
        judgement.open(pair[1], f"{kind}_role_arn")
        return None
    return Asking(rights=rights, role=role, task=pair[1], judgement=judgement)


def needs_of(policy: InfrastructurePolicy, workload: Workload, kind: RoleKind) -> dict[Asked, str]:
    """Return what a role needs, each with the reason."""
    return {
        (action, resource): need.why
        for need in policy.need
        if need.workload == workload.name and need.role == kind
        for action in need.actions
        for resource in need.resources
    }


def draw_beyond(asking: Asking, needs: Mapping[Asked, str]) -> None:
    """Ask for what lies outside of the needs: what statements allow by their own words, and what is drawn at random."""
    rights, role = asking.rights, asking.role
    here = {"account": rights.arns.account, "region": rights.arns.region}
    drawn: dict[Asked, None] = dict.fromkeys(made_of(role.policies, **here))
    for arn, documents in rights.resources.items():
        drawn.update(dict.fromkeys(made_for(documents, arn)))
    # The role's name as seed: the same requests in every run, and others for every role.
    seed = sum(ord(letter) << (index % 16) for index, letter in enumerate(role.name))
    drawn.update(dict.fromkeys(at_random(rights.arns.all(), **here, seed=seed, count=DRAWS)))
    for action, resource in drawn:
        if outside((action, resource), needs):
            asking.refuses(action, resource)


def concrete(need: Asked, rights: PlannedRights) -> Asked:
    """Return a request that a need is for."""
    return need[0], filled(need[1], account=rights.arns.account, region=rights.arns.region)


def _referred(stack: Stack, asking: Asking) -> Iterator[str]:
    for task in stack.of("aws_ecs_task_definition"):
        role = task.get("execution_role_arn")
        if not isinstance(role, Reference) or role.address != asking.role.address:
            continue
        text = asking.rights.arns.text(task.get("container_definitions"))
        read = parsed(text) if text else None
        if not isinstance(read, list):
            asking.judgement.open(task, "container_definitions")
            continue
        for container in read:
            secrets = container.get("secrets") if isinstance(container, dict) else None
            for secret in secrets or ():
                yield _secret_arn(asking.rights, str(secret.get("valueFrom")))


def _secret_arn(rights: PlannedRights, told: str) -> str:
    """Return the ARN of a secret as ECS asks for it: without a key and version, and with the characters that AWS appends."""
    if ":secretsmanager:" not in told:
        name = told.lstrip("/")
        return (
            told
            if told.startswith("arn:")
            else f"arn:aws:ssm:{rights.arns.region}:{rights.arns.account}:parameter/{name}"
        )
    arn = ":".join(told.split(":")[:7])
    return (
        arn
        if rights.arns.find(arn) or (re.search(r"-[A-Za-z0-9]{6}$", arn) and not rights.arns.find(f"{arn}-{SUFFIX}"))
        else f"{arn}-{SUFFIX}"
    )


def _read_action(arn: str) -> str:
    return "ssm:GetParameters" if ":ssm:" in arn else _READ


def _key_of(rights: PlannedRights, arn: str) -> str | None:
    secret = rights.arns.find(arn)
    key = rights.arns.text(secret.get("kms_key_id")) if secret else None
    return key if key and key.startswith("arn:") else None


def _other_secrets(rights: PlannedRights, referred: set[str]) -> Iterator[str]:
    planned = [arn for arn in rights.arns.all() if ":secretsmanager:" in arn or ":ssm:" in arn]
    yield from (arn for arn in planned if arn not in referred)
    prefix = f"arn:aws:secretsmanager:{rights.arns.region}:{rights.arns.account}:secret:"
    yield f"{prefix}exitgate-drawn-{SUFFIX}"
    yield f"{prefix}rds!db-00000000-0000-4000-8000-000000000000-{SUFFIX}"
    yield f"arn:aws:ssm:{rights.arns.region}:{rights.arns.account}:parameter/exitgate-drawn"
    for arn in sorted(referred):
        # A neighbour by name, as a pattern that is too wide takes it in.
        name = arn.removesuffix(f"-{SUFFIX}")
        neighbours = (f"{name}-of-another-{SUFFIX}", f"{name.rpartition('/')[0]}/exitgate-drawn-{SUFFIX}")
        yield from (each for each in neighbours if each.startswith("arn:") and ":secret:" in each)
