"""``exitgate prove``: the command that shows that checks can fail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from exitgate.atomic import write_atomically
from exitgate.catalogue import Gate, load_gate
from exitgate.cli.run import ControlOption, GateName, ReportOption, TargetOption
from exitgate.errors import UsageError
from exitgate.proof import (
    PROOF_FILE,
    FaultProof,
    ProofLedger,
    read_proof,
    shipped_proofs,
    with_controls_of,
    with_faults_of,
)
from exitgate.shipped import shipped_gate_directory


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    gate: GateName,
    *,
    gate_target: TargetOption = None,
    gate_report: ReportOption = None,
    control: ControlOption = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ID", help="Not this control; may be repeated.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="ID", help="This fault alone; may be repeated.")
    ] = None,
    ledger: Annotated[
        bool,
        typer.Option(
            "--ledger",
            help="Also write the ledger that ships with the gate (in a checkout); with --fault, those that were killed.",
        ),
    ] = False,
    proven: Annotated[
        bool, typer.Option("--proven", help="Only controls that the shipped ledger calls proven: that they still are.")
    ] = False,
    each: Annotated[
        int | None, typer.Option("--each", min=1, help="Only so many faults of each control: the first ones.")
    ] = None,
) -> None:
    """Prove that the gate's checks can fail: inject each fault into a copy of the target. Exits 0 where every fault was killed."""
    from exitgate.prove import prove as prove_gate

    directory = shipped_gate_directory(gate)
    loaded = load_gate(directory)
    chosen = _chosen(loaded, control or (), without or (), proven=proven)
    source = gate_target or directory.parent.parent / "reference"
    if not source.is_dir():
        raise UsageError("--gate-target", got="not given", expected="the repository to prove on", action="Name it.")
    only = tuple(fault or ())
    proof = prove_gate(loaded, source.resolve(), chosen, progress=_tell, each=each, only=only)
    report = (gate_report or Path("reports") / gate).resolve()
    write_atomically(report / PROOF_FILE, proof.ledger.model_dump_json(indent=2) + "\n")
    if ledger and each is None and (proof.holds or (only and not proof.problems)):
        whole = _whole(loaded, proof.ledger, chosen, only)
        write_atomically(directory / PROOF_FILE, whole.model_dump_json(indent=2) + "\n")
    for problem in proof.problems:
        print(f"void: {problem}")
    print()
    print(f"{'control':12}{'faults':>8}{'killed':>8}")
    for entry in proof.ledger.controls:
        print(f"{entry.id:12}{len(entry.faults):8}{sum(tried.killed for tried in entry.faults):8}")
    print(f"{'proven' if proof.holds else 'NOT PROVEN'}: {report / PROOF_FILE}")
    raise typer.Exit(0 if proof.holds else 1)


def _chosen(gate: Gate, control: Sequence[str], without: Sequence[str], *, proven: bool) -> tuple[str, ...]:
    """Return the controls that are asked for; nothing where all are."""
    for name in (*control, *without):
        gate.control(name)
    chosen = tuple(control)
    if proven:
        chosen = tuple(name for name in shipped_proofs(gate) if not chosen or name in chosen)
    if without:
        chosen = tuple(name for name in chosen or (each.id for each in gate.everything) if name not in without)
        if not chosen:
            raise UsageError(
                "--without", got="nothing is left", expected="a control to prove", action="Leave out less."
            )
    return chosen


def _whole(gate: Gate, tried: ProofLedger, controls: Sequence[str], only: Sequence[str]) -> ProofLedger:
    """Return the ledger that ships with the gate, with what was tried in it."""
    from exitgate.faults import FAULTS

    if only:
        # Each stands for itself; of whole controls all have to be killed, or nothing is written.
        return with_faults_of(read_proof(gate.directory / PROOF_FILE), tried, gate, [each.id for each in FAULTS])
    return with_controls_of(read_proof(gate.directory / PROOF_FILE), tried, gate) if controls else tried


def _tell(control: str, tried: FaultProof) -> None:
    word = "killed  " if tried.killed else "SURVIVED"
    place = f"{tried.by} at {tried.location}" if tried.killed else tried.message
    print(f"{word} {control:10} {tried.id:30} {tried.seconds:5.1f} s  {place}", flush=True)
