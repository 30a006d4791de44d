"""Proves that checks can fail: injects each fault into a clone of the target and runs the gate on it.

1. The target as it is, and of its workloads one: every control that faults aim at must be met, or a red one would say nothing.
2. Each fault in a clone of its own: its control turns *not met*, by the check, at the place and with the words that it names,
   and no other control does but those that the fault may turn red too.
3. Each clone restored: its tree is the one it had; and the gate on the last one gives what it gave at first. Of checks that take
   minutes, those are made once more at which the last fault aimed.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from exitgate.catalogue import GATE_ITSELF, Gate, SubjectKind
from exitgate.errors import ExitgateError, UsageError, one_line
from exitgate.faults import FAULTS, Fault
from exitgate.faults.fault import FaultSite
from exitgate.faults.pipeline.stand_in import GitHubStandIn, stand_in_of
from exitgate.launch import EXIT_INTERNAL, EXIT_USAGE, Launch, run_gate
from exitgate.outcome import Status
from exitgate.proof import ControlProof, FaultProof, ProofLedger
from exitgate.provision.clone import Clone, clone_target, commit_everything, is_git_root, materialise_target, restore
from exitgate.record import RECORD_FILE, ControlEntry, Record, read_record
from exitgate.target import Target, Workload, load_target

_SIDE_BY_SIDE = 2
_WAITING_SIDE_BY_SIDE = 4
"""Runs of infrastructure alone: an apply takes a processor for a quarter of its time, and waits for the provider else."""
_PLANNED = ("infrastructure", GATE_ITSELF)
"""Criteria whose checks look at plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of proving."""

    ledger: ProofLedger
    problems: tuple[str, ...]
    """What makes the proof void as a whole, e.g. a control that was not met to begin with."""

    @property
    def holds(self) -> bool:
        """True where every fault was killed and nothing makes the proof void."""
        return self.ledger.all_killed and not self.problems


def prove(
    gate: Gate,
    source: Path,
    controls: Sequence[str],
    *,
    progress: Callable[[str, FaultProof], None],
    each: int | None = None,
    only: Collection[str] = (),
) -> Proof:
    """Inject every fault that aims at the given controls (at all, where none is given).

    Args:
        source: The target; it is only read.
        each: How many faults of each control, the first ones of them; all where it is not given.
        only: These faults alone, by id; all where none is given.
        progress: Called with a control id and each fault's proof as it comes.

    Raises:
        UsageError: if no fault aims at what is given.
        TargetError: if the target can't be used.
    """
    known = {control.id for control in gate.everything}
    if strange := sorted(set(only) - {fault.id for fault in FAULTS}):
        raise UsageError(
            f"--fault {strange[0]}",
            got="no fault has that id",
            expected="one of those in the proof ledger, e.g. proof.json of the gate",
            action="Correct it.",
        )
    aimed = [fault for fault in FAULTS if fault.control in (controls or known)]
    faults = _first(each, [fault for fault in aimed if not only or fault.id in only])
    if not faults:
        raise UsageError(
            ", ".join((*controls, *only)) or gate.id,
            got="no fault aims at it",
            expected="a control that has faults",
            action="`exitgate list` says which controls have faults.",
        )
    criteria = sorted({gate.control(fault.control).criterion for fault in faults})
    with tempfile.TemporaryDirectory(prefix="exitgate-prove-") as folder:
        scratch = Path(folder)
        base = _fresh_clone(source, scratch / "base")
        subjects = tuple(sorted({each for fault in faults for each in _site(gate, fault, base.path).subjects}))
        left_out = _dear_beside(gate, faults)
        asks = any(fault.on_github for fault in faults)
        github = stand_in_of(load_target(base.path)) if asks else None
        before = _run(gate, base.path, scratch / "before", scratch, criteria, subjects, left_out, github=github)
        problems = _not_green(before, faults, subjects)
        if problems:
            return Proof(ledger=_ledger(gate, faults, {}), problems=tuple(problems))
        waiting = criteria == [_PLANNED[0]]
        with ThreadPoolExecutor(_WAITING_SIDE_BY_SIDE if waiting else _SIDE_BY_SIDE) as pool:
            tried = list(pool.map(lambda fault: _try(gate, source, fault, scratch / fault.id, progress), faults))
        proofs = dict(zip((fault.id for fault in faults), (each.proof for each in tried), strict=True))
        problems += [f"{each.proof.id}: {each.left}" for each in tried if each.left]
        restored, spared = tried[-1].clone, _dear_beside(gate, faults[-1:])
        after = _run(gate, restored, scratch / "after", scratch, criteria, subjects, spared, github=github)
        problems += _changed(before, after, spared)
        return Proof(ledger=_ledger(gate, faults, proofs), problems=tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    proof: FaultProof
    clone: Path
    left: str
    """What was left of the fault after it was taken back; empty where nothing was."""


def _first(each: int | None, faults: Sequence[Fault]) -> list[Fault]:
    """Return the faults, of each control the first ones alone where their number is given."""
    taken: Counter[str] = Counter()
    chosen = []
    for fault in faults:
        if each is None or taken[fault.control] < each:
            taken[fault.control] += 1
            chosen.append(fault)
    return chosen


def _fresh_clone(source: Path, destination: Path) -> Clone:
    materialise = load_target(source).configuration.target.materialise and not is_git_root(source)
    return (
        materialise_target(source, destination) if materialise else clone_target(source, destination, allow_dirty=False)
    )


def _site(gate: Gate, fault: Fault, clone: Path) -> FaultSite:
    """Return where a fault goes: that a check can fail is seen on one subject of its kind as well as on all of them.

    The workload that leans on least, with a task definition where there is any: faults are written into those, not into
    Compose files. A service where the check is made of services.
    """
    target = load_target(clone)
    kind = gate.check(fault.control, fault.check).subject
    everyone = target.configuration.service if kind is SubjectKind.SERVICE else target.workloads
    leaning = [each for each in everyone if fault.of_a_service_with in ("", *_backings(each))]
    by_ease = sorted(leaning, key=lambda each: (each.task_definition is None, len(each.backing)))
    chosen = by_ease[0] if by_ease else None
    frontends = target.subjects(SubjectKind.FRONTEND)[:1] if kind is SubjectKind.FRONTEND else ()
    return FaultSite(target, chosen, frontend=next(iter(frontends), ""))


def _backings(workload: Workload) -> set[str]:
    return {use.backing for use in workload.backing.values()}


def _try(gate: Gate, source: Path, fault: Fault, folder: Path, progress: Callable[[str, FaultProof], None]) -> _Tried:
    started = time.monotonic()
    clone = _fresh_clone(source, folder / "target")
    tree = restore(clone.path, clone.commit)
    check = location = message = ""
    try:
        site = _site(gate, fault, clone.path)
        fault.inject(site)
        github = stand_in_of(site.target) if fault.on_github else None
        if not (_changed_github(fault, github) if github else _changed_tree(fault, clone, tree)):
            reason = "the fault changed nothing"
        else:
            criterion = gate.control(fault.control).criterion
            without, stacks = _dear_beside(gate, [fault]), stacks_of(fault, criterion, site.target)
            record = _run(
                gate,
                clone.path,
                folder / "report",
                folder.parent,
                [criterion],
                site.subjects,
                without,
                stacks,
                github=github,
            )
            reason, check, location, message = judge_fault(fault, record)
    except ExitgateError as error:
        reason = f"it could not be tried: {error}"
    proof = FaultProof(
        id=fault.id,
        title=fault.title,
        killed=not reason,
        by=check,
        location=location,
        message=reason or message,
        seconds=round(time.monotonic() - started, 1),
    )
    left = "" if restore(clone.path, clone.commit) == tree else "taking it back does not give the tree that was there"
    progress(fault.control, proof)
    shutil.rmtree(folder / "report", ignore_errors=True)
    return _Tried(proof=proof, clone=clone.path, left=left)


def _changed_tree(fault: Fault, clone: Clone, tree: str) -> bool:
    """Commit what a fault did to a clone, and say whether that is anything."""
    return commit_everything(clone.path, fault.title) != clone.commit and restore(clone.path, "HEAD") != tree


def _changed_github(fault: Fault, github: GitHubStandIn) -> bool:
    """Do to the stand-in what a fault does on GitHub, and say whether that is anything."""
    told = github.told()
    if fault.on_github:
        fault.on_github(github)
    return github.told() != told


def stacks_of(fault: Fault, criterion: str, target: Target) -> tuple[str, ...]:
    """Return the one stack in which a fault of infrastructure is looked for; none, which is all, for other faults.

    A plan costs more than all else there. A run of one stack says *not met* as any does, and *met* of nothing.
    """
    code = target.configuration.infrastructure
    names = [stack.name for stack in code.stack] if code else []
    if criterion not in _PLANNED or not names:
        return ()
    return (fault.stack if fault.stack in names else names[0],)


def _dear_beside(gate: Gate, faults: Sequence[Fault]) -> tuple[str, ...]:
    """Name the checks that take minutes and at which none of the faults aims."""
    aims = {(fault.control, fault.check) for fault in faults}
    return tuple(
        f"{control.id}:{check.id}"
        for control in gate.everything
        for check in control.checks
        if check.dear and (control.id, check.id) not in aims
    )


def _run(
    gate: Gate,
    target: Path,
    report: Path,
    machine: Path,
    criteria: Sequence[str],
    subjects: Sequence[str],
    without: Sequence[str],
    stacks: Sequence[str] = (),
    *,
    github: GitHubStandIn | None = None,
) -> Record:
    """Run the gate on a clone; with a stand-in of GitHub, those checks too that ask there.

    Raises:
        UsageError: if there is no record of it.
    """
    with github.serving() if github else nullcontext() as place:
        launch = Launch(
            gate=gate.id,
            target=target,
            report=report,
            machine=machine,
            criteria=criteria,
            subjects=subjects,
            stacks=stacks,
            without=without,
            every_check=True,
            workers=0,
            quiet=True,
            github=place,
            github_token=github.token if github else "",
        )
        code = run_gate(launch)
    if code in (EXIT_USAGE, EXIT_INTERNAL):
        raise UsageError(
            str(target),
            got=f"a gate run that ended with exit code {code}",
            expected="a record",
            action=f"Run `exitgate run {gate.id} --gate-target` on a copy of the target and see.",
        )
    return read_record(report / RECORD_FILE)


def judge_fault(fault: Fault, record: Record) -> tuple[str, str, str, str]:
    """Return why the fault was not killed (or nothing), and check, location and message of the finding that it made."""
    red = {control.id: control for control in _everything(record) if control.status == Status.NOT_MET}
    strangers = [_first_finding(red[name]) for name in sorted(red.keys() - {fault.control} - fault.also)]
    if fault.control not in red:
        status = next((control.status for control in _everything(record) if control.id == fault.control), "absent")
        others = f"; not met: {'; '.join(map(_first_finding, red.values()))}" if red else ""
        said = _said_by_the_check(fault, record)
        return one_line(f"its control stayed {status.replace('_', ' ')}{said}{others}", 600), "", "", ""
    for check in red[fault.control].checks:
        if check.id != fault.check or check.status != Status.NOT_MET:
            continue
        for finding in check.findings:
            if fault.location in finding.location and fault.message in finding.message:
                reason = f"it also turned red what it should not: {'; '.join(strangers)}" if strangers else ""
                return one_line(reason, 600), check.id, finding.location, finding.message
    seen = [f"{check.id}: {check.findings[0]}" for check in red[fault.control].checks if check.findings]
    return one_line(f"red for another reason: {'; '.join(seen)}", 400), "", "", ""


def _said_by_the_check(fault: Fault, record: Record) -> str:
    """Return how the check that a fault aims at ended, of each subject, in the record's own words."""
    told = [
        f"; {check.id} of {check.subject} is {Status(check.status).words}{f': {check.message}' if check.message else ''}"
        for control in _everything(record)
        for check in control.checks
        if (control.id, check.id) == (fault.control, fault.check)
    ]
    return "".join(dict.fromkeys(told))


def _first_finding(control: ControlEntry) -> str:
    """Return what turned a control red, in words that tell whether the fault did, or something else."""
    for check in control.checks:
        if check.status == Status.NOT_MET:
            return (
                f"{control.id} {check.id} of {check.subject}: {check.findings[0] if check.findings else check.message}"
            )
    return control.id


def _not_green(record: Record, faults: Sequence[Fault], subjects: Sequence[str]) -> list[str]:
    """Name each check that a fault aims at and that is not met before any fault: red would then say nothing."""
    aims = {(fault.control, fault.check) for fault in faults}
    return [
        f"{control.id} {check.id} is {Status(check.status).words} before any fault: {check.message}"
        for control in _everything(record)
        for check in control.checks
        if (control.id, check.id) in aims
        and check.status != Status.MET
        and check.subject in (*subjects, record.target.name)
    ]


def _changed(before: Record, after: Record, spared: Collection[str]) -> list[str]:
    """Name each check that ended otherwise on a restored clone, but for those that were not made there."""

    def statuses(record: Record) -> dict[str, str]:
        return {
            f"{control.id} {check.id} · {check.subject}": check.status
            for control in _everything(record)
            for check in control.checks
            if f"{control.id}:{check.id}" not in spared
        }

    earlier, later = statuses(before), statuses(after)
    return [
        f"{name} was {earlier.get(name)}, and is {later.get(name)} when restored"
        for name in earlier
        if earlier[name] != later.get(name)
    ]


def _everything(record: Record) -> tuple[ControlEntry, ...]:
    return (*record.controls, *record.requirements)


def _ledger(gate: Gate, faults: Sequence[Fault], proofs: dict[str, FaultProof]) -> ProofLedger:
    def proof_of(fault: Fault) -> FaultProof:
        return proofs.get(fault.id) or FaultProof(
            id=fault.id, title=fault.title, killed=False, by="", location="", message="not tried", seconds=0.0
        )

    return ProofLedger(
        controls=tuple(
            ControlProof(
                id=control.id, faults=tuple(proof_of(fault) for fault in faults if fault.control == control.id)
            )
            for control in gate.everything
            if any(fault.control == control.id for fault in faults)
        )
    )
