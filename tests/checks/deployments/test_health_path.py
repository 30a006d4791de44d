"""The rules for the checked path: of a good one, of faulty ones, and of one of which nothing was seen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.deployments import dear_answers, dependent_answers, misleading_answers
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.health_path import Cut, HealthPath
from exitgate.observe.serving import Reply
from exitgate.policy.deployments import BalancerHealthPolicy
from exitgate.provision.relay import Way

REFERENCE = Path(__file__).parents[3] / "reference/exitgate.toml"
RULES = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["policy"]["deployments"]["health"]
POLICY = BalancerHealthPolicy.model_validate(RULES)
OK, BROKEN = Reply(status=200, latency_s=0.002), Reply(status=503, latency_s=0.002)
MOVED = Reply(status=302, latency_s=0.002, location="/login")
Rule = Callable[[HealthPath, BalancerHealthPolicy], list[Finding]]


def seen(**changes: object) -> HealthPath:
    facts = HealthPath(
        substrate=Substrate(name="made up", assurance=Assurance.EXECUTED),
        workload="orders",
        location="apps/orders/Dockerfile",
        path="/healthz",
        answer=OK,
        answers=True,
        absent=Reply(status=404, latency_s=0.002),
        asked=(OK,) * 60,
        statements=3,
        statements_unasked=(3, 6),
        statements_of_traffic=4,
        has_database=True,
        leans_on=("postgres", "rabbitmq"),
        cuts=tuple(cut(name, OK, OK) for name in ("postgres", "rabbitmq")),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def cut(name: str, *replies: Reply, way: Way = Way.CUT, ended: bool = False) -> Cut:
    return Cut(dependency=name, way=way, replies=replies, ended=ended)


@pytest.mark.parametrize("rule", [misleading_answers, dear_answers, dependent_answers])
def test_a_good_path_is_clean(rule: Rule) -> None:
    assert rule(seen(), POLICY) == []


@pytest.mark.parametrize(
    ("rule", "changes", "message", "got"),
    [
        (misleading_answers, {"answer": MOVED, "answers": False}, "another code than the rules", "302 to /login"),
        (misleading_answers, {"premature": ("read: status 503",)}, "before the workload can serve", "read: status 503"),
        (misleading_answers, {"absent": OK}, "is answered as any path is", "status 200"),
        (dear_answers, {"statements": 60}, "queries the database", "60 statements for 60 checks"),
        (dear_answers, {"statements": 1, "statements_unasked": (0, 0)}, "queries the database", "1 statements"),
        (dear_answers, {"asked": (OK, Reply(status=200, latency_s=0.9))}, "answered too slowly", "after 900 ms"),
        (dear_answers, {"asked": (OK, Reply(status=0, latency_s=2.0))}, "answered too slowly", "1 of 2"),
        (dependent_answers, {"cuts": (cut("redis", OK, BROKEN),)}, "fails while redis is out of reach", "status 503"),
        (dependent_answers, {"cuts": (cut("postgres", OK, ended=True),)}, "fails while postgres", "workload ended"),
        (
            dependent_answers,
            {"cuts": (cut("rabbitmq", Reply(status=0, latency_s=3.0, failure="TimeoutError"), way=Way.SILENT),)},
            "fails while rabbitmq is out of reach",
            "TimeoutError, 1 of 1 times (silent)",
        ),
    ],
)
def test_each_fault_of_a_path_is_named(rule: Rule, changes: dict[str, object], message: str, got: str) -> None:
    (found,) = rule(seen(**changes), POLICY)
    assert message in found.message
    assert got in found.got


@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    [
        (dear_answers, {"answer": MOVED, "answers": False, "asked": ()}, "never succeeds"),
        (dependent_answers, {"answer": MOVED, "answers": False, "cuts": ()}, "never succeeds"),
        (dear_answers, {"statements_of_traffic": 0}, "not known to see any"),
        (dear_answers, {"statements_unasked": (3, 70)}, "up to 70 statements"),
        (
            misleading_answers,
            {"premature": ("read: TimeoutError",), "is_late_alone": True, "starved_percent": 95.0},
            "waited for a processor",
        ),
        (dear_answers, {"asked": (Reply(status=200, latency_s=0.9),), "starved_percent": 95.0}, "a processor"),
        (dear_answers, {"asked": ()}, "was not asked"),
        (dependent_answers, {"unknown": ("postgress",)}, "postgress: the run has no server"),
        (dependent_answers, {"leans_on": ("postgres", "rabbitmq", "redis")}, "redis: it was not put out of reach"),
        (dependent_answers, {"unfelt": ("redis",)}, "never in touch with redis"),
    ],
)
def test_what_is_not_known_is_no_pass(rule: Rule, changes: dict[str, object], words: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=words):
        rule(seen(**changes), POLICY)


def test_what_a_workload_does_by_itself_is_no_cost_of_the_path() -> None:
    assert dear_answers(seen(statements=26, statements_unasked=(11, 5, 4)), POLICY) == []


def test_a_workload_without_a_database_is_judged_by_its_time_alone() -> None:
    facts = seen(has_database=False, statements=0, statements_unasked=(), statements_of_traffic=0)
    assert dear_answers(facts, POLICY) == []


def test_a_workload_that_leans_on_nothing_shared_hangs_on_nothing_shared() -> None:
    assert dependent_answers(seen(cuts=(), leans_on=()), POLICY) == []


def test_rules_that_exclude_no_dependency_are_not_kept_by_anybody() -> None:
    with pytest.raises(PrerequisiteMissing, match="exclude no dependency"):
        dependent_answers(seen(), BalancerHealthPolicy.model_validate({**RULES, "independent_of": []}))
