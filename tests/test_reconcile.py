"""Why an expected outcome did not arrive."""

from __future__ import annotations

from typing import Any

import pytest

from exitgate.catalogue import Gate, SubjectKind
from exitgate.outcome import Outcome, Status
from exitgate.reconcile import Collected, absences
from exitgate.verdict import expectations
from tests.builders import check, control, gate, target

ONE = gate(control("a", check()))
(ITEM,) = expectations(ONE, target())
KEY = ITEM.key
HERE = frozenset({KEY})
MODULE = "test_containers.py"


def reason(asked: Gate = ONE, **facts: Any) -> Outcome:
    (found,) = absences(asked, expectations(asked, target()), frozenset(), Collected(**facts)).values()
    return found


def test_what_was_heard_is_not_absent() -> None:
    assert absences(ONE, [ITEM], HERE, Collected(found=HERE, selected=HERE)) == {}


def test_only_what_was_not_heard_is_explained_each_under_its_own_key() -> None:
    asked = gate(control("a", check("one"), check("two", SubjectKind.SERVICE)))
    items = expectations(asked, target(services=2))
    heard = frozenset({items[0].key, items[2].key})
    found = absences(asked, items, heard, Collected())
    assert list(found) == [items[1].key]
    assert found[items[1].key].key == items[1].key


def test_a_result_lost_with_a_worker_is_an_error_that_names_the_workers() -> None:
    told = reason(found=HERE, selected=HERE, lost_workers=("gw0", "gw1"))
    assert told.status is Status.ERROR
    assert "gw0, gw1" in told.message


def test_a_lost_worker_explains_more_than_an_interruption() -> None:
    told = reason(found=HERE, selected=HERE, lost_workers=("gw0",), interrupted="Ctrl-C")
    assert told.status is Status.ERROR
    assert "gw0" in told.message


def test_what_an_interrupted_run_did_not_reach_is_not_assessed() -> None:
    told = reason(found=HERE, selected=HERE, interrupted="Ctrl-C")
    assert (told.status, told.message) == (Status.NOT_ASSESSED, "not reached: Ctrl-C")


def test_a_result_that_vanished_without_a_trace_is_an_error() -> None:
    told = reason(found=HERE, selected=HERE)
    assert (told.status, told.message) == (Status.ERROR, "it was to be run, and no result arrived")


def test_a_module_that_could_not_be_imported_is_an_error_with_its_reason() -> None:
    told = reason(failed_modules={MODULE: "SyntaxError"})
    assert told.status is Status.ERROR
    assert told.message == f"{MODULE} could not be imported: SyntaxError"


def test_a_failed_module_counts_even_where_another_process_found_the_check() -> None:
    assert reason(found=HERE, failed_modules={MODULE: "SyntaxError"}).status is Status.ERROR


def test_the_failure_of_another_module_is_not_to_blame() -> None:
    told = reason(failed_modules={"test_other.py": "SyntaxError"})
    assert (told.status, told.message) == (Status.NOT_ASSESSED, "no test of this check was collected")


def test_what_was_found_and_not_selected_was_deselected() -> None:
    told = reason(found=HERE)
    assert (told.status, told.message) == (Status.NOT_ASSESSED, "deselected on the command line")


def test_what_stands_in_a_module_that_nobody_asked_for_was_deselected() -> None:
    module = ONE.criteria[0].module
    other = KEY.model_copy(update={"check": "other"})
    told = reason(found=frozenset({other}), unread_modules=frozenset({module}))
    assert (told.status, told.message) == (Status.NOT_ASSESSED, "deselected on the command line")
    told = reason(found=frozenset({other}), unread_modules=frozenset({"test_other.py"}))
    assert told.message == "no test of this check was collected"


def test_what_was_deselected_is_said_to_be_so_in_an_interrupted_run_too() -> None:
    assert reason(found=HERE, interrupted="Ctrl-C").message == "deselected on the command line"


def test_what_was_not_found_before_an_interruption_was_not_reached() -> None:
    told = reason(interrupted="Ctrl-C")
    assert (told.status, told.message) == (Status.NOT_ASSESSED, "not reached: Ctrl-C")


def test_a_check_without_a_test_is_told_from_a_run_without_any() -> None:
    other = KEY.model_copy(update={"check": "other"})
    assert reason(found=frozenset({other})).message == "no test of this check was collected"
    assert reason().message == "nothing was collected"


def test_a_requirement_of_the_gate_itself_belongs_to_no_module() -> None:
    asked = gate(requirements=[control("r", check(), criterion="gate", dimension="R")])
    told = reason(asked, failed_modules={MODULE: "SyntaxError"})
    assert told.status is Status.NOT_ASSESSED


@pytest.mark.parametrize("found", [HERE, frozenset()])
@pytest.mark.parametrize("selected", [HERE, frozenset()])
@pytest.mark.parametrize("failed", [{MODULE: "x"}, {}])
@pytest.mark.parametrize("lost", [("gw0",), ()])
@pytest.mark.parametrize("interrupted", ["Ctrl-C", ""])
def test_no_absence_is_ever_an_assessment(
    found: frozenset[object],
    selected: frozenset[object],
    failed: dict[str, str],
    lost: tuple[str, ...],
    interrupted: str,
) -> None:
    told = reason(found=found, selected=selected, failed_modules=failed, lost_workers=lost, interrupted=interrupted)
    assert told.status in (Status.ERROR, Status.NOT_ASSESSED)
    assert told.message
    assert told.assurance is None


def test_what_a_run_leaves_to_a_thorough_one_says_so_and_what_nobody_asked_for_does_not() -> None:
    told = reason(found=HERE, left_to_thorough=HERE)
    assert told.status is Status.NOT_ASSESSED
    assert "--thorough" in told.message
    assert "--every-check" in told.message
    assert reason(found=HERE).message == "deselected on the command line"
    assert reason(left_to_thorough=HERE).message == "nothing was collected"
