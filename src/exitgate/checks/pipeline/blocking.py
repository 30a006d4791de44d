"""Whether CI keeps out what is broken, lets in what is sound, and fails for the reason that was given it."""

from __future__ import annotations

from collections.abc import Iterable

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials


def red_controls(observed: ChangeTrials) -> list[Finding]:
    """Name each required check that a change which breaks nothing does not pass."""
    control = observed.control
    results = {check.name: check.conclusion for run in control.runs for check in run.checks}
    return [
        Finding(
            location=next(iter(control.failing), control.pushed.branch),
            message=f"{control.what} does not pass the required check {name!r}",
            expected="success",
            got=results.get(name, "no such check was reported"),
            remedy="Mend the unmodified commit until it passes in a clean clone.",
        )
        for name in observed.required
        if results.get(name) != "success"
    ]


def refused_controls(observed: ChangeTrials) -> list[Finding]:
    """Name a change that passes every required check and is refused all the same, or that the branch does not hold then."""
    control = observed.control
    if not control.pushed.accepted:
        return [_refused(control)]
    if control.pushed.change != "merged" or control.pushed.after == control.pushed.before:
        return [
            Finding(
                location=control.pushed.branch,
                message=f"{control.what} was pushed, and the branch does not hold it",
                expected="a branch that holds the change afterwards",
                got=control.pushed.change,
                remedy="Allow a way to merge that keeps the change.",
            )
        ]
    return []


def unopened_failures(observed: ChangeTrials) -> list[Finding]:
    """Name each broken change that was not opened against a branch with rules, or that changes nothing.

    Raises:
        ObservationError: if fewer were tried than were to be.
    """
    _refuse_few(observed)
    findings = []
    for trial in observed.broken:
        if not trial.rules:
            findings.append(
                Finding(
                    location=trial.pushed.branch,
                    message="no active ruleset holds for the branch into which the deliberate failure is opened",
                    expected="a protected branch",
                    got="none of the exported rulesets",
                    remedy="Set the ruleset's enforcement to active, and let it name the branch.",
                )
            )
        if not trial.changed:
            findings.append(
                Finding(
                    location=trial.pushed.branch,
                    message=f"the deliberate failure changes no file: {trial.what}",
                    expected="a failure that is in the merge commit",
                    got="an empty difference",
                    remedy="Take what the failure changes out of .gitignore and out of merge drivers.",
                )
            )
    return findings


def merged_failures(observed: ChangeTrials, aims: Iterable[str] | None = None) -> list[Finding]:
    """Name each broken change that got in.

    Args:
        aims: Of the trials to look at; all where none is given.

    Raises:
        ObservationError: if one of them was not tried.
        PrerequisiteMissing: if a change that breaks nothing does not get in: what was refused then proves nothing.
    """
    return [
        Finding(
            location=next(iter(trial.failing or trial.expected), trial.pushed.branch),
            message=f"a change was merged though it breaks something: {trial.what}",
            expected="a failing required check, and a refused merge",
            got=_results(trial, observed.required),
            remedy="Let the required check fail whenever this step does.",
        )
        for trial in _looked_at(observed, aims)
        if trial.pushed.accepted
    ]


def misplaced_failures(observed: ChangeTrials, aims: Iterable[str] | None = None) -> list[Finding]:
    """Name each broken change that was refused, but not at the step that its fault aims at.

    Args:
        aims: Of the trials to look at; all where none is given.

    Raises:
        ObservationError: if one of them was not tried.
        PrerequisiteMissing: if a change that breaks nothing does not get in.
    """
    return [
        Finding(
            location=next(iter(trial.failing), trial.pushed.branch),
            message=f"CI failed elsewhere than where the change is broken: {trial.what}",
            expected=f"a failure at {' or '.join(trial.expected)}, and at no step before",
            got=f"a failure at {trial.failing[0]}" if trial.failing else "no failing step",
            remedy="Keep the steps of the workflow apart, and let each fail by itself.",
        )
        for trial in _looked_at(observed, aims)
        if not trial.pushed.accepted and (not trial.failing or trial.failing[0] not in trial.expected)
    ]


def unlanded_failures(observed: ChangeTrials) -> list[Finding]:
    """Name each broken change on which no step failed, or another one before the step that its fault aims at.

    Raises:
        ObservationError: if one of them was not tried.
        PrerequisiteMissing: if a change that breaks nothing does not get in.
    """
    findings = [
        Finding(
            location=next(iter(trial.failing or trial.expected), trial.pushed.branch),
            message=f"the step that has to notice it does not fail first: {trial.what}",
            expected=f"a failure at {' or '.join(trial.expected)}, and at no step before",
            got=f"a failure at {trial.failing[0]}" if trial.failing else "no failing step",
            remedy="Keep the steps of the workflow apart, and let each fail by itself.",
        )
        for trial in _looked_at(observed, None)
        if not trial.failing or trial.failing[0] not in trial.expected
    ]
    if not findings:
        _refuse_other_reasons(observed)
    return findings


def unblocked_failures(observed: ChangeTrials) -> list[Finding]:
    """Name each broken change that got in, or was refused for another reason than its own.

    Raises:
        ObservationError: if one of them was not tried.
        PrerequisiteMissing: if a change that breaks nothing does not get in, or the step that has to notice a broken one fails
            without a word of it.
    """
    findings = [*merged_failures(observed), *misplaced_failures(observed)]
    if not findings:
        _refuse_other_reasons(observed)
    return findings


def unrefused_changes(failing: ChangeTrials, mistyped: ChangeTrials) -> list[Finding]:
    """Name each broken change that got in, and a type error that was kept out for another reason than its own.

    Args:
        mistyped: Of a type error; none where the target has no types to be wrong.

    Raises:
        ObservationError, PrerequisiteMissing: as `merged_failures` and `unblocked_failures` do.
    """
    return merged_failures(failing) or (unblocked_failures(mistyped) if mistyped.asked else [])


def _refuse_other_reasons(observed: ChangeTrials) -> None:
    """Refuse to call a change kept out beside which something else failed, e.g. a test that fails now and then."""
    for trial in observed.broken:
        if trial.says and not trial.is_said:
            raise PrerequisiteMissing(
                trial.failing[0],
                got=f"a failure without a word of what is broken: {trial.what}",
                expected=f"{trial.says.strip()!r} in what the failing step writes",
                action="Run it again; let the step show what fails, and mend tests that fail now and then.",
            )


def refuse_unsound(observed: ChangeTrials) -> None:
    """Refuse to judge broken changes beside a sound one that does not get in.

    Raises:
        ObservationError: if fewer were tried than were to be.
        PrerequisiteMissing: if the sound one does not get in.
    """
    _refuse_few(observed)
    for findings, owner in ((red_controls(observed), "3.1.C.1"), (refused_controls(observed), "3.1.C.3")):
        if findings:
            raise PrerequisiteMissing(
                findings[0].location,
                got=findings[0].message,
                expected="a sound change that gets in, beside which a refusal says something",
                action=findings[0].remedy,
                blocked_by=owner,
            )


def _looked_at(observed: ChangeTrials, aims: Iterable[str] | None) -> list[ChangeTrial]:
    refuse_unsound(observed)
    known = {trial.aim: trial for trial in observed.broken}
    wanted = list(known) if aims is None else list(aims)
    for aim in wanted:
        if aim not in known:
            raise ObservationError(
                "the throwaway forge", got=f"no change {aim!r}", expected="it tried", action="Run the gate again."
            )
    return [known[aim] for aim in wanted]


def _refuse_few(observed: ChangeTrials) -> None:
    if not observed.broken or len(observed.broken) != observed.asked:
        raise ObservationError(
            "the throwaway forge",
            got=f"{len(observed.broken)} broken changes tried",
            expected=f"{observed.asked or 'some'}",
            action="Run the gate again; report this to exitgate if it stays.",
        )


def _results(trial: ChangeTrial, required: tuple[str, ...]) -> str:
    results = {check.name: check.conclusion for run in trial.runs for check in run.checks}
    return ", ".join(f"{name}: {results.get(name, 'not reported')}" for name in required) or "no required check"


def _refused(trial: ChangeTrial) -> Finding:
    return Finding(
        location=trial.pushed.branch,
        message=f"{trial.what} is refused though every required check passed",
        expected="a merge",
        got="; ".join(trial.pushed.reasons),
        remedy="Correct the ruleset: a required name that no job reports, or a rule that nobody can meet.",
    )
