"""What counts as a kill: the right control, check, place and words, and no stranger turned red."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.catalogue import load_gate
from exitgate.errors import UsageError
from exitgate.faults.fault import Fault
from exitgate.finding import Finding
from exitgate.launch import EXIT_USAGE, Launch
from exitgate.proof import ControlProof, FaultProof, ProofLedger, with_controls_of, with_faults_of
from exitgate.prove import judge_fault, prove, stacks_of
from exitgate.record import CheckEntry, ControlEntry, Environment, Proof, Record, TargetEntry
from exitgate.target import load_target

FAULT = Fault(
    id="broken",
    title="somebody broke it",
    control="1.1.A.1",
    check="rule",
    location="Dockerfile:",
    message="it is wrong",
    inject=lambda site: None,
    also=frozenset({"1.1.A.2"}),
)
FINDING = Finding(
    location="a/Dockerfile:7", message="it is wrong here", expected="right", got="wrong", remedy="Mend it."
)


def _control(name: str, status: str, *findings: Finding, check: str = "rule") -> ControlEntry:
    entry = CheckEntry(
        id=check, subject="s", says="", status=status, needs="declared", assurance="declared", message="", findings=findings,
        evidence=(), duration_s=0, substrate="", limits=(), substitutes=(),
    )  # fmt: skip
    return ControlEntry(
        id=name, criterion="c", dimension="A", title="", rationale="", remediation="", status=status, assurance=None,
        needs="declared", proof=Proof(status="unproven", faults=()), checks=(entry,),
    )  # fmt: skip


def _record(*controls: ControlEntry) -> Record:
    return Record(
        run_id="r", gate="g", gate_title="", verdict="failed", rehearsal=False, finished_whole=True,
        target=TargetEntry(name="t", commit="c", dirty=False), policy_digest="", started="", finished="",
        environment=Environment(exitgate="", python="", platform="", user="", clock=""), substitutes=(), tools=(),
        problems=(), criteria=(), controls=controls, requirements=(), waivers=(),
    )  # fmt: skip


def test_the_right_finding_kills() -> None:
    reason, check, location, message = judge_fault(FAULT, _record(_control("1.1.A.1", "not_met", FINDING)))
    assert (reason, check, location, message) == ("", "rule", "a/Dockerfile:7", "it is wrong here")


def test_collateral_that_the_fault_names_does_not_matter() -> None:
    record = _record(_control("1.1.A.1", "not_met", FINDING), _control("1.1.A.2", "not_met", FINDING))
    assert judge_fault(FAULT, record)[0] == ""


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (_record(_control("1.1.A.1", "met")), "its control stayed met"),
        (_record(_control("1.1.A.1", "error")), "its control stayed error"),
        (_record(_control("1.1.A.1", "not_assessed"), _control("1.1.A.3", "not_met", FINDING)), "not met: 1.1.A.3"),
        (_record(), "its control stayed absent"),
        (
            _record(_control("1.1.A.1", "not_met", FINDING), _control("1.1.A.3", "not_met", FINDING)),
            "what it should not: 1.1.A.3",
        ),
        (_record(_control("1.1.A.1", "not_met", FINDING, check="other")), "red for another reason"),
        (_record(_control("1.1.A.1", "not_met", replace(FINDING, location="task.json:1"))), "red for another reason"),
        (_record(_control("1.1.A.1", "not_met", replace(FINDING, message="something else"))), "red for another reason"),
    ],
)
def test_everything_else_survives(record: Record, words: str) -> None:
    assert words in judge_fault(FAULT, record)[0]


def test_what_survives_says_how_its_own_check_ended() -> None:
    control = _control("1.1.A.1", "not_assessed")
    unseen = control.checks[0].model_copy(update={"status": "not_assessed", "message": "no engine"})
    record = _record(control.model_copy(update={"checks": (unseen,)}))
    assert judge_fault(FAULT, record)[0] == "its control stayed not assessed; rule of s is not assessed: no engine"


def _ledger(*killed: bool) -> ProofLedger:
    faults = tuple(
        FaultProof(id=str(index), title="", killed=each, by="", location="", message="", seconds=0)
        for index, each in enumerate(killed)
    )
    return ProofLedger(controls=(ControlProof(id="1.1.A.1", faults=faults),))


@pytest.mark.parametrize(("killed", "holds"), [((), False), ((True,), True), ((True, False), False)])
def test_a_ledger_holds_only_where_every_fault_was_killed(killed: tuple[bool, ...], holds: bool) -> None:
    assert _ledger(*killed).all_killed is holds


REFERENCE = load_target(Path(__file__).parents[2] / "reference")


@pytest.mark.parametrize(
    ("stack", "criterion", "planned"),
    [
        ("", "infrastructure", ("staging",)),
        ("production", "infrastructure", ("production",)),
        ("production", "gate", ("production",)),
        ("another", "infrastructure", ("staging",)),
        ("", "containers", ()),
    ],
)
def test_a_fault_of_infrastructure_is_looked_for_in_one_stack(
    stack: str, criterion: str, planned: tuple[str, ...]
) -> None:
    assert stacks_of(replace(FAULT, stack=stack), criterion, REFERENCE) == planned


def _entry(control: str, seconds: float) -> ControlProof:
    fault = FaultProof(id="f", title="", killed=True, by="", location="", message="", seconds=seconds)
    return ControlProof(id=control, faults=(fault,))


def test_controls_that_were_proven_anew_take_the_place_of_their_old_entries_in_the_gates_order() -> None:
    gate = load_gate(Path(__file__).parents[2] / "gates/gate3")
    old = ProofLedger(controls=(_entry("3.1.A.1.1", 1), _entry("3.2.A.1", 2)))
    new = ProofLedger(controls=(_entry("3.2.A.1", 3), _entry("3.1.A.1.2", 4)))
    whole = with_controls_of(old, new, gate)
    assert whole == ProofLedger(controls=(_entry("3.1.A.1.1", 1), _entry("3.1.A.1.2", 4), _entry("3.2.A.1", 3)))


def test_faults_that_were_tried_anew_stand_beside_the_others_of_their_control() -> None:
    def fault(name: str, seconds: float) -> FaultProof:
        return FaultProof(id=name, title="", killed=True, by="", location="", message="", seconds=seconds)

    gate = load_gate(Path(__file__).parents[2] / "gates/gate3")
    old = ProofLedger(controls=(ControlProof(id="3.2.A.1", faults=(fault("a", 1), fault("c", 1))),))
    new = ProofLedger(
        controls=(
            ControlProof(id="3.2.A.1", faults=(fault("b", 2), fault("c", 2))),
            ControlProof(id="3.1.A.1.2", faults=(fault("d", 2),)),
        )
    )
    whole = with_faults_of(old, new, gate, ["a", "b", "c", "d"])
    assert whole == ProofLedger(
        controls=(
            ControlProof(id="3.1.A.1.2", faults=(fault("d", 2),)),
            ControlProof(id="3.2.A.1", faults=(fault("a", 1), fault("b", 2), fault("c", 2))),
        )
    )


def test_a_fault_that_survives_stands_in_the_ledger_no_more() -> None:
    def fault(name: str, *, killed: bool) -> FaultProof:
        return FaultProof(id=name, title="", killed=killed, by="", location="", message="", seconds=0)

    gate = load_gate(Path(__file__).parents[2] / "gates/gate3")
    old = ProofLedger(controls=(ControlProof(id="3.2.A.1", faults=(fault("a", killed=True), fault("b", killed=True))),))
    new = ProofLedger(
        controls=(
            ControlProof(id="3.2.A.1", faults=(fault("a", killed=False), fault("c", killed=True))),
            ControlProof(id="3.1.A.1.2", faults=(fault("d", killed=False),)),
        )
    )
    kept = (ControlProof(id="3.2.A.1", faults=(fault("b", killed=True), fault("c", killed=True))),)
    assert with_faults_of(old, new, gate, ["a", "b", "c", "d"]) == ProofLedger(controls=kept)


def test_a_fault_that_nobody_knows_is_one_line() -> None:
    gate = load_gate(Path(__file__).parents[2] / "gates/gate3")
    with pytest.raises(UsageError, match="--fault nowhere: no fault has that id"):
        prove(gate, Path(), (), progress=lambda *_: None, only=("nowhere",))
    with pytest.raises(UsageError, match="no fault aims at it"):
        prove(gate, Path(), ("3.5.A.1",), progress=lambda *_: None, only=("half-healthy",))


def test_what_a_run_leaves_to_a_thorough_one_is_made_where_a_fault_aims_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    root, seen = Path(__file__).parents[2], list[Launch]()

    def run(launch: Launch) -> int:
        seen.append(launch)
        return EXIT_USAGE

    monkeypatch.setattr("exitgate.prove.run_gate", run)
    with pytest.raises(UsageError, match="exit code 2"):
        prove(
            load_gate(root / "gates/gate3"),
            root / "reference",
            (),
            progress=lambda *_: None,
            only=("newest-leg-tolerated",),
        )
    (launch,) = seen
    assert launch.every_check
    assert "3.1.B.1.2:one-leg-blocks" not in launch.without
    assert "3.1.B.2.1:missing-tests-block" in launch.without
