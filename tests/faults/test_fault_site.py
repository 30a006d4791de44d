"""Where faults are injected: into a task definition, and nowhere else in its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.catalogue import SubjectKind, load_gate
from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite
from exitgate.prove import _first, _site
from exitgate.target import load_target
from tests.target_folder import SOUND, place

ROOT = Path(__file__).parents[2]
GATE = load_gate(ROOT / "gates/gate3")
COMPOSED = SOUND.replace('task_definition = "deploy/orders.json"', 'compose = "deploy/orders.json"')


def _aimed_at(kind: SubjectKind) -> Fault:
    control, check = next((c.id, k.id) for c in GATE.controls for k in c.checks if k.subject is kind)
    return Fault(
        id="any", title="Any", control=control, check=check, location="", message="anything", inject=lambda site: None
    )


def test_a_workload_of_a_compose_file_takes_no_fault_and_says_so(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, COMPOSED))
    with pytest.raises(TargetError, match=r"orders: settings from a Compose file; expected a task definition"):
        FaultSite(target, target.workload("orders")).drop_task_user()


def test_a_workload_with_a_task_definition_is_chosen_where_there_is_one(tmp_path: Path) -> None:
    place(tmp_path, SOUND.replace('task_definition = "deploy/billing.json"', 'compose = "deploy/billing.json"'))
    assert _site(GATE, _aimed_at(SubjectKind.WORKLOAD), tmp_path).workload.name == "orders"


@pytest.mark.parametrize(
    ("kind", "subjects"),
    [
        (SubjectKind.WORKLOAD, ("web",)),
        (SubjectKind.SERVICE, ("orders",)),
        (SubjectKind.FRONTEND, ("web", "mfe-cart")),
        (SubjectKind.TARGET, ("web",)),
    ],
)
def test_the_subject_is_of_the_kind_that_the_check_is_made_of(kind: SubjectKind, subjects: tuple[str, ...]) -> None:
    assert _site(GATE, _aimed_at(kind), ROOT / "reference").subjects == subjects


def test_only_the_first_faults_of_each_control_are_taken_where_their_number_is_given() -> None:
    first, second = (replace(_aimed_at(SubjectKind.WORKLOAD), id=name) for name in ("first", "second"))
    other = replace(_aimed_at(SubjectKind.SERVICE), id="other")
    assert _first(1, [first, second, other]) == [first, other]
    assert _first(None, [first, second, other]) == [first, second, other]
