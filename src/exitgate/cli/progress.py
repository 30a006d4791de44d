"""``exitgate plan`` and ``exitgate next``: how far a target has come, and the next step of the plan, run."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from exitgate import __version__
from exitgate.catalogue import Gate, load_gate
from exitgate.cli.run import GateName, TargetOption
from exitgate.errors import UsageError
from exitgate.launch import Launch, run_gate
from exitgate.progress import Judged, Step, next_step, progress, records_below
from exitgate.shipped import shipped_gate_directory

_DEFAULT_GATE = "gate3"
RecordsOption = Annotated[
    Path | None,
    typer.Option("--records", metavar="DIR", help="Below which records are looked for; default: reports/GATE."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(plan)
    app.command("next")(next_)


def plan(gate: GateName = _DEFAULT_GATE, gate_target: TargetOption = None, records: RecordsOption = None) -> None:
    """Show every step of a gate with its state at the target's commit, as the records of runs tell it."""
    loaded, judged, _, folder = _asked(gate, gate_target, records)
    steps = progress(loaded, judged, records_below(folder))
    for step in steps:
        seen = f"  {step.record}" if step.record else ""
        print(f"{step.control.id:18} {step.status.words:15} {step.control.title}{seen}")
    controls = [step for step in steps if step.control in loaded.controls]
    counts = Counter(step.status.words for step in controls)
    told = ", ".join(f"{count} {words}" for words, count in sorted(counts.items()))
    print(f"\n{judged.target} at {judged.commit[:12]}: {told}, of {len(controls)} controls")
    following = next_step(steps)
    print(f"next: {following.control.id} {following.control.title}" if following else "every step is verified")


def next_(
    gate: GateName = _DEFAULT_GATE,
    *,
    gate_target: TargetOption = None,
    records: RecordsOption = None,
    past: Annotated[
        list[str] | None,
        typer.Option("--past", metavar="ID", help="Go past this control though it is not verified; may be repeated."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Name the step, and run nothing.")] = False,
) -> None:
    """Run the checks of the first step of the plan that is not verified at the target's commit, and no others.

    Exits 0 where that step is verified now, or all were; 1 where it is not met, 3 where it could not be assessed.
    """
    loaded, judged, source, folder = _asked(gate, gate_target, records)
    for each in past or ():
        loaded.control(each)
    step = next_step(progress(loaded, judged, records_below(folder)), past or ())
    if step is None:
        print(f"every step of {gate} is verified for {judged.target} at {judged.commit[:12]}")
        return
    print(f"{step.control.id} {step.control.title} ({step.status.words})", flush=True)
    if show:
        return
    report = folder / "steps" / step.control.id
    code = run_gate(Launch(gate=gate, target=source, report=report, controls=[step.control.id], every_check=True))
    seen = _again(loaded, judged, folder, step)
    if seen.is_verified:
        print(f"{step.control.id}: {seen.status.words}")
        raise typer.Exit(0)
    print(f"{step.control.id}: {seen.status.words}; to go past it all the same: --past {step.control.id}")
    raise typer.Exit(code or 3)


def _again(gate: Gate, judged: Judged, folder: Path, step: Step) -> Step:
    return next(each for each in progress(gate, judged, records_below(folder)) if each.control.id == step.control.id)


def _asked(gate: str, gate_target: Path | None, records: Path | None) -> tuple[Gate, Judged, Path, Path]:
    """Return the gate, what a record has to be of, the target's folder, and where records lie."""
    from exitgate.provision.clone import clone_target, is_git_root, materialise_target
    from exitgate.target import load_target

    directory = shipped_gate_directory(gate)
    source = (gate_target or directory.parent.parent / "reference").resolve()
    if not source.is_dir():
        raise UsageError("--gate-target", got="not given", expected="the repository to judge", action="Name it.")
    with tempfile.TemporaryDirectory(prefix="exitgate-plan-") as scratch:
        clone = Path(scratch) / "target"
        made_up = load_target(source).configuration.target.materialise and not is_git_root(source)
        made = materialise_target(source, clone) if made_up else clone_target(source, clone, allow_dirty=False)
        target = load_target(made.path)
    loaded = load_gate(directory)
    judged = Judged(
        gate=loaded.id,
        target=target.name,
        commit=made.commit,
        policy_digest=target.policy_digest,
        version=__version__,
    )
    return loaded, judged, source, (records or Path("reports") / gate).resolve()
