"""Rules on what roles were answered where IAM is enforced: green for needs alone, red for less and more, never green on nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import answered_beyond_need, refused_needs, taken_roles
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.applied import RoleTrials, TriedRole, Try
from exitgate.target import Workload

ORDERS = Workload(
    name="orders", path="apps/orders", dockerfile="Dockerfile", port=3000, task_definition="deploy/orders.json"
)
USER, ELSEWHERE = "a user of the account", "a user of another account"
Rule = Callable[[RoleTrials, Workload], list[Finding]]
RULES: tuple[Rule, ...] = (refused_needs, answered_beyond_need, taken_roles)


def tried(action: str, role: str, *, origin: str = "other", granted: str = "answered", nobody: str = "refused") -> Try:
    return Try(action=action, resource="*", origin=origin, why="it starts", role=role, granted=granted, nobody=nobody)


NEED, OTHER = tried("ecr:BatchGetImage", "answered", origin="need"), tried("s3:ListAllMyBuckets", "refused")


def trials(*tries: Try, taken: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> RoleTrials:
    role = TriedRole(
        workload="orders",
        kind="execution",
        name="orders-execution",
        address="aws_iam_role.execution",
        tries=tries,
        taken={who: who in taken for who in (USER, ELSEWHERE)},
        unread=unread,
    )
    return RoleTrials(
        substrate=Substrate(assurance=Assurance.EMULATED, name="an emulator"),
        stack="staging",
        places={"aws_iam_role.execution": "infra/roles.tf:9"},
        root="infra",
        roles=(role,),
        telling=frozenset({USER, ELSEWHERE}),
    )


CLEAN = trials(NEED, OTHER)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_needed_and_nothing_else_is_clean(rule: Rule) -> None:
    assert rule(CLEAN, ORDERS) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_service_without_a_role_is_not_assessed(rule: Rule) -> None:
    with pytest.raises(PrerequisiteMissing, match="no role of a task definition of orders"):
        rule(replace(CLEAN, roles=()), ORDERS)


@pytest.mark.parametrize("rule", [refused_needs, answered_beyond_need])
def test_nothing_tried_is_not_assessed(rule: Rule) -> None:
    with pytest.raises(PrerequisiteMissing, match="that the emulator enforces"):
        rule(trials(), ORDERS)


def test_a_refused_need_is_a_finding_at_the_role() -> None:
    (found,) = refused_needs(trials(replace(NEED, role="refused"), OTHER), ORDERS)
    assert (found.location, found.message) == (
        "infra/roles.tf:9",
        "aws_iam_role.execution is refused ecr:BatchGetImage on *",
    )


def test_a_need_that_ends_in_another_error_than_the_one_who_is_allowed_just_that_is_a_finding() -> None:
    (found,) = refused_needs(trials(replace(NEED, role="ThrottlingException")), ORDERS)
    assert found.got == "ThrottlingException"


@pytest.mark.parametrize(
    "silent",
    [{"granted": "refused"}, {"nobody": "answered"}, {"granted": "NotFoundException", "role": "NotFoundException"}],
)
def test_a_need_of_which_the_emulator_tells_nothing_is_not_assessed_and_no_finding(silent: dict[str, str]) -> None:
    with pytest.raises(PrerequisiteMissing, match="no need of orders that the emulator enforces"):
        refused_needs(trials(replace(NEED, **silent)), ORDERS)


@pytest.mark.parametrize(("rule", "origin"), [(refused_needs, "need"), (answered_beyond_need, "given")])
def test_what_no_call_is_known_for_is_named_and_not_assessed(rule: Rule, origin: str) -> None:
    unknown = tried("kms:Sign", "", origin=origin, granted="", nobody="")
    with pytest.raises(PrerequisiteMissing, match="no harmless call is known for kms:Sign"):
        rule(trials(NEED, OTHER, unknown), ORDERS)


def test_what_only_others_need_and_no_call_is_known_for_keeps_nobody_up() -> None:
    assert answered_beyond_need(trials(NEED, OTHER, tried("kms:Sign", "", granted="", nobody="")), ORDERS) == []


@pytest.mark.parametrize("answer", ["answered", "NoSuchBucket"])
def test_what_is_let_through_beyond_need_is_a_finding_whatever_comes_behind(answer: str) -> None:
    (found,) = answered_beyond_need(trials(NEED, replace(OTHER, role=answer)), ORDERS)
    assert found.message == "aws_iam_role.execution is let through to s3:ListAllMyBuckets on *"
    assert (found.got, found.location) == (answer, "infra/roles.tf:9")


def test_a_refusal_that_everybody_gets_says_nothing() -> None:
    with pytest.raises(PrerequisiteMissing, match="no action outside the needs of orders"):
        answered_beyond_need(trials(NEED, replace(OTHER, granted="refused")), ORDERS)


def test_a_policy_that_can_t_be_read_is_not_assessed_where_nothing_else_is_wrong() -> None:
    with pytest.raises(PrerequisiteMissing, match="policy arn:aws:iam::aws:policy/X of orders-execution"):
        answered_beyond_need(trials(NEED, OTHER, unread=("arn:aws:iam::aws:policy/X",)), ORDERS)
    wrong = trials(NEED, replace(OTHER, role="answered"), unread=("arn:aws:iam::aws:policy/X",))
    assert len(answered_beyond_need(wrong, ORDERS)) == 1


def test_who_gets_a_role_is_named() -> None:
    (found,) = taken_roles(trials(NEED, taken=(ELSEWHERE,)), ORDERS)
    assert found.message == "aws_iam_role.execution is taken on by a user of another account"


def test_a_stranger_who_gets_any_role_or_none_says_nothing() -> None:
    told = replace(trials(NEED, taken=(USER,)), telling=frozenset({ELSEWHERE}))
    assert taken_roles(told, ORDERS) == []
    with pytest.raises(PrerequisiteMissing, match="no stranger who gets a role"):
        taken_roles(replace(told, telling=frozenset()), ORDERS)
