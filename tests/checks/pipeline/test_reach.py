"""Whose tasks a change in a library runs: the dependents', and nobody else's."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import reached_strangers, unreached_dependents
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow_run import Reach, tasks_of
from tests.checks.pipeline.trials import SUBSTRATE, trials

ALL = (
    "✔  nx run @a/kit:test\n✔  nx run @a/shop:test  [local cache]\n✔  nx run @a/shop:build\n✔  nx run @a/other:build\n"
)


def reach(output: str = ALL, *, sound: bool = True, dependents: tuple[str, ...] = ("@a/shop",)) -> Reach:
    observed = trials(sound=sound, control_output=output)
    return Reach(
        substrate=SUBSTRATE,
        trials=observed,
        library="@a/kit",
        dependents=dependents,
        asked=("test", "build"),
        targets=(
            ("@a/kit", "test"),
            ("@a/other", "build"),
            ("@a/other", "test"),
            ("@a/shop", "build"),
            ("@a/shop", "test"),
        ),
        tasks=tasks_of(observed.control),
    )


def test_dependents_that_run_and_others_that_are_only_built_are_no_findings() -> None:
    assert unreached_dependents(reach()) == []
    assert reached_strangers(reach()) == []


def test_a_dependent_left_out_is_a_finding() -> None:
    (finding,) = unreached_dependents(reach(ALL.replace("✔  nx run @a/shop:test  [local cache]\n", "")))
    assert finding.location == "@a/shop"
    assert finding.message == "a change in @a/kit does not run test of @a/shop"


def test_a_stranger_that_is_tested_is_a_finding() -> None:
    (finding,) = reached_strangers(reach(f"{ALL}✔  nx run @a/other:test\n"))
    assert finding.location == "@a/other"
    assert finding.message == "a change in @a/kit runs test of @a/other, which does not depend on it"


@pytest.mark.parametrize("check", [unreached_dependents, reached_strangers])
def test_what_tells_nothing_is_no_pass(check: object) -> None:
    assert callable(check)
    with pytest.raises(PrerequisiteMissing, match="no line of the steps tells of a task"):
        check(reach(""))
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        check(reach(sound=False))
    with pytest.raises(ObservationError, match="0 dependents"):
        check(reach(dependents=()))


def test_without_a_stranger_nothing_is_said_of_strangers() -> None:
    with pytest.raises(PrerequisiteMissing, match="no project with tests that does not depend on it"):
        reached_strangers(reach(dependents=("@a/shop", "@a/other")))
