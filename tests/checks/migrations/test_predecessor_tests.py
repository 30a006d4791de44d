"""The previous release's integration tests: what the new schema breaks is a finding, and what fails anyway is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.migrations import broken_predecessor_tests
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.junit_results import TestResult
from exitgate.observe.migrations.predecessor_run import TestRun
from exitgate.observe.migrations.predecessor_tests import PredecessorTests

PLACED = TestResult(name="an order is placed", outcome="passed")
NOTED = TestResult(name="a note is kept", outcome="passed")
WELL = TestRun(exit_code=0, results=(PLACED, NOTED), said="2 passed", migrated=True)
BROKEN = replace(WELL, exit_code=1, results=(PLACED, replace(NOTED, outcome="failed", said="500, not 201")))
LATE = replace(WELL, exit_code=None, results=())


def seen(new: TestRun, own: TestRun | None = None, again: TestRun | None = None) -> PredecessorTests:
    return PredecessorTests(
        substrate=Substrate(assurance=Assurance.EXECUTED, name="a"), previous="v1", on_new=new, on_own=own, again=again
    )


def test_tests_that_pass_on_the_new_schema_are_sound() -> None:
    assert broken_predecessor_tests(seen(WELL), "m") == []


def test_a_test_that_fails_on_the_new_schema_alone_is_told() -> None:
    (finding,) = broken_predecessor_tests(seen(BROKEN, WELL, BROKEN), "m")
    assert finding.location == "m"
    assert finding.message == "an integration test of v1 fails on the new release's schema"
    assert finding.got == "a note is kept: 500, not 201"


def test_one_that_fails_on_its_own_schema_too_hides_no_other() -> None:
    both = replace(BROKEN, results=tuple(replace(each, outcome="failed") for each in (PLACED, NOTED)))
    own = replace(BROKEN, results=(replace(PLACED, outcome="failed"), NOTED))
    (finding,) = broken_predecessor_tests(seen(both, own, both), "m")
    assert finding.got.startswith("a note is kept")


@pytest.mark.parametrize(
    ("new", "got"),
    [
        (LATE, "they do not end in time"),
        (replace(WELL, exit_code=7, results=(), said="no such column"), "exit code 7: no such column"),
    ],
)
def test_tests_that_come_to_no_end_on_the_new_schema_alone_are_told(new: TestRun, got: str) -> None:
    (finding,) = broken_predecessor_tests(seen(new, WELL, new), "m")
    assert finding.got == got


@pytest.mark.parametrize(
    ("found", "got"),
    [
        (seen(BROKEN, BROKEN, BROKEN), "on its own schema too: a note is kept: 500, not 201"),
        (seen(LATE, LATE), "on its own schema too: they do not end in time"),
        (seen(BROKEN, WELL, WELL), "now and then: a note is kept"),
        (seen(BROKEN, WELL, LATE), "now and then: a note is kept"),
        (seen(replace(WELL, migrated=False)), "no database to which they applied"),
    ],
)
def test_what_may_have_another_reason_is_not_assessed(found: PredecessorTests, got: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=got):
        broken_predecessor_tests(found, "m")


@pytest.mark.parametrize("own", [(PLACED,), (PLACED, replace(NOTED, outcome="skipped"))])
def test_one_that_was_not_seen_to_pass_on_its_own_schema_is_no_finding(own: tuple[TestResult, ...]) -> None:
    with pytest.raises(PrerequisiteMissing, match="on its own schema too: they do not end in time"):
        broken_predecessor_tests(seen(BROKEN, replace(LATE, results=own), BROKEN), "m")


def test_one_that_is_skipped_on_its_own_schema_is_no_finding() -> None:
    own = replace(WELL, results=(PLACED, replace(NOTED, outcome="skipped")))
    with pytest.raises(PrerequisiteMissing, match="skipped on its own schema: a note is kept"):
        broken_predecessor_tests(seen(BROKEN, own, BROKEN), "m")


def test_a_hook_that_is_told_of_only_where_it_fails_is_told() -> None:
    (finding,) = broken_predecessor_tests(seen(BROKEN, replace(WELL, results=(PLACED,)), BROKEN), "m")
    assert finding.got.startswith("a note is kept")


def test_an_own_schema_to_which_nobody_migrated_is_nothing_to_compare_with() -> None:
    with pytest.raises(PrerequisiteMissing, match="no database to which they applied"):
        broken_predecessor_tests(seen(BROKEN, replace(WELL, migrated=False), BROKEN), "m")


@pytest.mark.parametrize("results", [(), (replace(PLACED, outcome="skipped"),)])
def test_tests_that_do_not_run_are_an_error(results: tuple[TestResult, ...]) -> None:
    with pytest.raises(ObservationError, match="no test that ran"):
        broken_predecessor_tests(seen(replace(WELL, results=results)), "m")
