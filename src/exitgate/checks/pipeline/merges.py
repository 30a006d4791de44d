"""Whether a merge is refused while a required check has no good result, and for that reason alone."""

from __future__ import annotations

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.merging import GOOD, MergeTrial, MergeTrials


def merges_without_result(observed: MergeTrials) -> list[Finding]:
    """Name each required check without which, or with whose bad result, a change was merged.

    Raises:
        ObservationError: if fewer merges were tried than were to be.
        PrerequisiteMissing: if a change with every check good is refused: then a refusal says nothing about a check.
    """
    if not observed.trials or len(observed.trials) != observed.asked:
        raise ObservationError(
            "the throwaway forge",
            got=f"{len(observed.trials)} merges",
            expected=f"{observed.asked or 'some'} of them tried",
            action="Run the gate again; report this to exitgate if it stays.",
        )
    bad = [trial for trial in observed.trials if trial.result != GOOD]
    findings = [_merged(trial) for trial in bad if trial.pushed.accepted]
    if not findings:
        for trial in observed.trials:
            if trial.result == GOOD and not trial.pushed.accepted:
                raise PrerequisiteMissing(
                    trial.pushed.branch,
                    got=f"a change with every check successful is refused: {'; '.join(trial.pushed.reasons)}",
                    expected="it to merge, so that a refusal is about the check",
                    action="Correct the ruleset: a required check that nobody reports, or a branch that nobody may update.",
                    blocked_by="3.1.C.3",
                )
    return findings


def _merged(trial: MergeTrial) -> Finding:
    return Finding(
        location=trial.pushed.branch,
        message=f"a change was merged while the required check {trial.check!r} was {trial.result}",
        expected="a refused push",
        got=f"{trial.pushed.branch} moved to {trial.pushed.after[:10]}",
        remedy="Require the check in an active ruleset of that branch, of the application that reports it.",
    )
