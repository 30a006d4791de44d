"""``exitgate list``, ``explain``, ``validate``, ``schema``, ``compare``: the commands that only read."""

from __future__ import annotations

import datetime
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from exitgate.catalogue import load_gate
from exitgate.mappings import shipped_mappings
from exitgate.proof import shipped_proofs
from exitgate.shipped import shipped_gate_directory

_DEFAULT_GATE = "gate3"
GateOption = Annotated[str, typer.Option("--gate", metavar="GATE", help="The gate; gate3 where it is not given.")]


class SchemaName(StrEnum):
    """The files that have a published JSON Schema."""

    TARGET = "target"
    RECORD = "record"
    PROOF = "proof"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_controls)
    app.command()(explain)
    app.command()(validate)
    app.command()(schema)
    app.command()(compare)


def list_controls(gate: Annotated[str, typer.Argument(metavar="GATE")] = _DEFAULT_GATE) -> None:
    """List the controls of a gate, what each needs, and by how many faults it is proven able to fail."""
    loaded = load_gate(shipped_gate_directory(gate))
    proofs = shipped_proofs(loaded)
    for criterion in loaded.criteria:
        print(f"\n{criterion.task} {criterion.title}")
        for control in (each for each in loaded.everything if each.criterion == criterion.id):
            proof = proofs.get(control.id)
            proven = f"proven by {len(proof.faults)} faults" if proof and proof.status == "proven" else "unproven"
            print(f"  {control.id:18} {control.needs.label:9} {proven:19} {control.title}")
    print("\nThe gate itself")
    for control in (each for each in loaded.requirements if each.criterion == "gate"):
        print(f"  {control.id:18} {control.needs.label:9} {'unproven':19} {control.title}")


def explain(
    control_id: Annotated[str, typer.Argument(metavar="ID", help="e.g. 3.2.B.2.1")], gate: GateOption = _DEFAULT_GATE
) -> None:
    """Explain a control: why it is there, what is checked, how to get it met, and which faults prove it."""
    loaded = load_gate(shipped_gate_directory(gate))
    control = loaded.control(control_id)
    print(f"{control.id} {control.title}\n")
    print(f"Why: {control.rationale}\n")
    print("Checks:")
    for check in control.checks:
        given = f"; made where --{check.given} is given" if check.given else ""
        given += "; made by --thorough or --every-check" if check.thorough else ""
        print(f"  {check.id} (each {check.subject}, needs {check.needs.label}{given})\n    {check.says}")
    print(f"\nTo get it met: {control.remediation}\n")
    if standards := shipped_mappings(loaded).get(control.id, ()):
        print("Once met, it is evidence for:")
        for each in standards:
            told = [
                f"supports {', '.join(each.supports)}" if each.supports else "",
                f"in part {', '.join(each.partial)}" if each.partial else "",
            ]
            print(f"  {each.standard}: {'; '.join(filter(None, told))}")
        print()
    proof = shipped_proofs(loaded).get(control.id)
    if proof is None:
        print("Unproven: no fault of this control has been injected yet.")
        return
    print("Proven able to fail by:" if proof.status == "proven" else "Not fully proven:")
    for fault in proof.faults:
        print(f"  {'killed' if fault.killed else 'SURVIVED'}  {fault.title}")


def validate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The target's folder.")] = Path(),
    gate: GateOption = _DEFAULT_GATE,
) -> None:
    """Check a target's exitgate.toml, and the files that it names, without running anything."""
    from exitgate.acceptance import notices, refuse_improper
    from exitgate.observe.workload_settings import read_workload_settings
    from exitgate.target import check_against, load_target

    loaded = load_gate(shipped_gate_directory(gate))
    target = load_target(directory.resolve())
    check_against(target, loaded)
    today = datetime.datetime.now(datetime.UTC).date()
    refuse_improper(target, loaded, today)
    for workload in target.workloads:
        read_workload_settings(target.directory, workload)
    names = ", ".join(workload.name for workload in target.workloads) or "no workloads"
    print(f"{target.name}: valid; {names}; policy {target.policy_digest}")
    print("\n".join(notices(target, today)), end="\n" if target.waivers or target.exclusions else "")


def schema(name: Annotated[SchemaName, typer.Argument(metavar="target|record|proof")]) -> None:
    """Print the JSON Schema of exitgate.toml, record.json or proof.json."""
    from exitgate.proof import ProofLedger
    from exitgate.record import Record
    from exitgate.target import Configuration

    models: dict[SchemaName, type[BaseModel]] = {
        SchemaName.TARGET: Configuration,
        SchemaName.RECORD: Record,
        SchemaName.PROOF: ProofLedger,
    }
    mode: JsonSchemaMode = "validation" if name is SchemaName.TARGET else "serialization"
    print(json.dumps(models[name].model_json_schema(mode=mode), indent=2))


def compare(
    expected: Annotated[Path, typer.Argument(metavar="EXPECTED", help="A committed expectation.")],
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A record.json.")],
    update: Annotated[bool, typer.Option("--update", help="Write the expectation from the record instead.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="EXPECTED is a record too; all but times is compared.")
    ] = False,
) -> None:
    """Compare a record with what was expected: control, status, assurance. Exits 1 on any difference, also for the better."""
    from exitgate.atomic import write_atomically
    from exitgate.compare import contradictions, differences, expectation_of, read_expectation
    from exitgate.record import read_record

    if update and exact:
        raise typer.BadParameter("--update writes an expectation, --exact reads a record: give one of them")
    seen = read_record(record)
    if update:
        write_atomically(expected, expectation_of(seen).model_dump_json(indent=2) + "\n")
        print(f"written: {expected}")
        return
    found = contradictions(read_record(expected), seen) if exact else differences(read_expectation(expected), seen)
    for difference in found:
        print(difference)
    if found:
        raise typer.Exit(1)
    print(f"as expected: {len(seen.controls)} controls, {len(seen.requirements)} requirements")
