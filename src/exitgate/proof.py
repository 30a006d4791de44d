"""The proof ledger: by which injected faults each control has been seen red. Written by `exitgate prove`, shipped with the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.catalogue import Gate
from exitgate.errors import CatalogueError, one_line
from exitgate.record import FaultEntry, Proof

PROOF_FILE = "proof.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FaultProof(_Frozen):
    """What became of one injected fault."""

    id: str
    title: str
    killed: bool
    """The control it aims at turned red, by the check and at the place it should, and no other control that it should not."""
    by: str
    """The check that turned red; empty where none did."""
    location: str
    message: str
    """The finding's message; where the fault was not killed, why not."""
    seconds: float


class ControlProof(_Frozen):
    """All faults that aim at a control."""

    id: str
    faults: tuple[FaultProof, ...]


class ProofLedger(_Frozen):
    """``proof.json``."""

    schema_version: Literal[1] = 1
    controls: tuple[ControlProof, ...]

    @property
    def all_killed(self) -> bool:
        """True where there is a fault, and every one was killed."""
        faults = [fault for control in self.controls for fault in control.faults]
        return bool(faults) and all(fault.killed for fault in faults)


def read_proof(path: Path) -> ProofLedger:
    """Read a ledger.

    Raises:
        CatalogueError: if there is none, or it is not of schema 1.
    """
    try:
        return ProofLedger.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CatalogueError(
            str(path),
            got=one_line(str(error), 160),
            expected="a proof ledger of schema 1",
            action="Make it anew: `exitgate prove`.",
        ) from error


def with_controls_of(old: ProofLedger, new: ProofLedger, gate: Gate) -> ProofLedger:
    """Return a ledger in which the controls that were proven anew stand instead of their old entries, in the gate's order."""
    entries = {entry.id: entry for entry in (*old.controls, *new.controls)}
    return ProofLedger(controls=tuple(entries[each.id] for each in gate.everything if each.id in entries))


def with_faults_of(old: ProofLedger, new: ProofLedger, gate: Gate, order: Sequence[str]) -> ProofLedger:
    """Return a ledger in which the faults that were tried anew, and killed, stand beside the others of their controls.

    One that survived stands in it no more, if it did.

    Args:
        order: Of all faults, by id.
    """
    before = {entry.id: entry.faults for entry in old.controls}
    joined = []
    for entry in new.controls:
        faults = {fault.id: fault for fault in (*before.get(entry.id, ()), *entry.faults)}
        survived = {fault.id for fault in entry.faults if not fault.killed}
        known = tuple(faults[each] for each in order if each in faults.keys() - survived)
        joined.append(ControlProof(id=entry.id, faults=known))
    whole = with_controls_of(old, ProofLedger(controls=tuple(joined)), gate)
    return ProofLedger(controls=tuple(entry for entry in whole.controls if entry.faults))


def shipped_proofs(gate: Gate) -> dict[str, Proof]:
    """Return each control's proof from the ledger that ships with the gate; a control that is not in it is unproven.

    Raises:
        CatalogueError: if the ledger is damaged.
    """
    path = gate.directory / PROOF_FILE
    if not path.is_file():
        return {}
    return {
        control.id: Proof(
            status="proven" if control.faults and all(fault.killed for fault in control.faults) else "unproven",
            faults=tuple(FaultEntry(id=fault.id, title=fault.title, killed=fault.killed) for fault in control.faults),
        )
        for control in read_proof(path).controls
    }
