"""The registry of faults, the catalogue, the gate modules and the shipped ledger agree with one another."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from exitgate.catalogue import load_gate
from exitgate.faults import FAULTS
from exitgate.faults.pipeline.executed import FAULTS as EXECUTED
from exitgate.faults.pipeline.runs import FAULTS as RUNS
from exitgate.proof import PROOF_FILE, read_proof

ROOT = Path(__file__).parents[2]
GATE = load_gate(ROOT / "gates/gate3")


def _marked_checks() -> set[tuple[str, str]]:
    found = set()
    for path in GATE.directory.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check":
                found.add(tuple(ast.literal_eval(argument) for argument in node.args))
    return found  # type: ignore[return-value]


OF_THE_GATE_ITSELF = "test_the_gate_itself.py"
"""The module of requirements that belong to no criterion."""


def test_every_marked_check_stands_in_the_catalogue_in_the_module_of_its_criterion() -> None:
    modules = {criterion.id: criterion.module for criterion in GATE.criteria}
    for path in GATE.directory.glob("test_*.py"):
        assert path.name in {*modules.values(), OF_THE_GATE_ITSELF}
    for control, check in _marked_checks():
        assert GATE.check(control, check)


def test_every_control_with_tests_has_at_least_three_faults() -> None:
    counts = Counter(fault.control for fault in FAULTS)
    assert {control: counts[control] for control, _ in _marked_checks() if counts[control] < 3} == {}


def test_every_fault_aims_at_a_check_that_has_a_test() -> None:
    assert [fault.id for fault in FAULTS if (fault.control, fault.check) not in _marked_checks()] == []


def test_fault_ids_are_unique_and_no_fault_names_its_own_control_as_collateral() -> None:
    assert [name for name, count in Counter(fault.id for fault in FAULTS).items() if count > 1] == []
    assert [fault.id for fault in FAULTS if fault.control in fault.also] == []


def test_a_fault_names_the_words_that_it_must_be_found_by() -> None:
    assert [fault.id for fault in FAULTS if len(fault.message) < 8] == []


NO_FAULT_OF_THE_TARGET = {("3.2.C.3", "same-image"), ("3.5.C.2", "load-delivered")}
"""Checks that no change of a target can turn red: they watch exitgate itself, and are tried in their unit tests."""


def test_every_check_with_a_test_is_aimed_at_by_a_fault() -> None:
    assert _marked_checks() - {(fault.control, fault.check) for fault in FAULTS} == NO_FAULT_OF_THE_TARGET


UNPROVEN = {
    fault.control
    for fault in FAULTS
    if fault.control.startswith(
        (
            "3.1.C.1",
            "3.1.C.3",
            "3.5.C.3",
        )
    )
}
"""Controls whose faults have not all been killed by whole gate runs yet; reports call them unproven. None may stay here."""


UNPROVEN_FAULTS = {fault.id for fault in (*EXECUTED, *RUNS) if fault.control not in UNPROVEN}
"""The same of single faults of controls that are proven otherwise: those that a run of act alone shows."""


def test_the_shipped_ledger_is_of_these_faults_and_all_were_killed() -> None:
    ledger = read_proof(GATE.directory / PROOF_FILE)
    held = [fault for fault in FAULTS if fault.control not in UNPROVEN and fault.id not in UNPROVEN_FAULTS]
    proven = {(control.id, fault.id): fault.title for control in ledger.controls for fault in control.faults}
    assert proven == {(fault.control, fault.id): fault.title for fault in held}
    assert ledger.all_killed


def test_a_control_that_is_not_proven_yet_has_faults() -> None:
    assert UNPROVEN - {fault.control for fault in FAULTS} == set()


@pytest.mark.parametrize("criterion", GATE.criteria, ids=lambda criterion: criterion.id)
def test_every_control_belongs_to_the_task_of_its_criterion(criterion: object) -> None:
    for control in GATE.controls:
        if control.criterion == criterion.id:  # type: ignore[attr-defined]
            assert control.id.startswith(criterion.task + ".")  # type: ignore[attr-defined]


def test_the_gate_has_58_controls_in_five_criteria() -> None:
    counts = Counter(control.criterion for control in GATE.controls)
    assert counts == {"pipeline": 13, "containers": 12, "infrastructure": 15, "migrations": 9, "deployments": 9}
