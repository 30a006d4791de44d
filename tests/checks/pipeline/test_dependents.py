"""A library change that breaks what depends on it: kept out by the dependents' unit tests, or not."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import unblocked_dependents
from exitgate.errors import ObservationError, PrerequisiteMissing
from tests.checks.pipeline.trials import STEP, trial, trials

SAYS = "a library that fails"
TESTED = "✖  nx run @a/shop:test\n"
OF = ("@a/shop",)


def test_a_change_that_the_dependents_tests_keep_out_is_no_finding() -> None:
    assert unblocked_dependents(trials(trial("library", merged=False, output=TESTED + SAYS)), OF, SAYS) == []


def test_a_change_that_got_in_is_a_finding() -> None:
    for output in ("✔  nx run @a/kit:test\n", TESTED + SAYS, ""):
        (finding,) = unblocked_dependents(trials(trial("library", merged=True, output=output)), OF, SAYS)
        assert finding.message == "a change was merged though it breaks something: a change: library"


def test_a_failure_elsewhere_and_one_of_others_tests_are_findings() -> None:
    (elsewhere,) = unblocked_dependents(
        trials(trial("library", merged=False, output=TESTED, failing="ci.yml:20")), OF, SAYS
    )
    assert (elsewhere.location, elsewhere.expected) == ("ci.yml:20", f"a failure at {STEP}, and at no step before")
    (others,) = unblocked_dependents(trials(trial("library", merged=False, output="✖  nx run @a/kit:test\n")), OF, SAYS)
    assert (others.location, others.got) == (STEP, "those of @a/kit")


def test_tests_that_never_meet_the_library_prove_nothing() -> None:
    passed = trial("library", merged=True, output="✔  nx run @a/shop:test\n")
    with pytest.raises(PrerequisiteMissing, match="never met"):
        unblocked_dependents(trials(passed), OF, SAYS)


def test_nothing_tried_is_no_pass() -> None:
    with pytest.raises(ObservationError, match="0 broken changes"):
        unblocked_dependents(trials(), OF, SAYS)
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        unblocked_dependents(trials(trial("library", merged=False), sound=False), OF, SAYS)
