"""Pull requests that were tried: each with what CI said of its merge commit, and what the forge then did with it.

The checks are executed, the rule by which the forge decides is a model of GitHub's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from exitgate.github.events import Event
from exitgate.github.merging import PullRequest
from exitgate.github.outcomes import Result
from exitgate.github.workflow import Workflow
from exitgate.observation import Observation
from exitgate.observe.merging import reviewed
from exitgate.observe.workflow_run.log import RunLog
from exitgate.observe.workflow_run.results import ReportedRun, reported
from exitgate.provision.forge import Pushed


class TakesPulls(Protocol):
    """A forge, as far as a trial needs one."""

    def record(self, number: int, pull: PullRequest) -> None:
        """Keep what checks and reviewers say of a pull request's head."""

    def merge(self, number: int) -> Pushed:
        """Try to merge a pull request."""


RunCi = Callable[[str, Workflow], RunLog]
"""Runs a workflow on a merge commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTrial:
    """A pull request that was tried."""

    aim: str
    """Unique, e.g. ``unit-test``; of the unmodified target ``nothing``, of the mended one ``mended``."""
    what: str
    """What was changed, in words."""
    expected: tuple[str, ...]
    """Places of the steps of which one has to fail first; none for a change that is to pass."""
    runs: tuple[ReportedRun, ...]
    """What CI said, one a workflow."""
    pushed: Pushed
    changed: tuple[str, ...] = ()
    """Files by which the merge commit differs from the base."""
    rules: tuple[str, ...] = ()
    """Names of the rulesets that hold for the branch."""
    says: str = ""
    """What whoever notices what is broken writes; empty where nothing is known of that."""

    @property
    def is_said(self) -> bool:
        """Whether a failing step wrote that."""
        return any(
            self.says in step.plain
            for run in self.runs
            for report in run.jobs.values()
            for leg in report.legs
            for step in leg.steps
            if step.result is Result.FAILURE
        )

    @property
    def failing(self) -> tuple[str, ...]:
        """Places of the steps that failed."""
        return tuple(dict.fromkeys(place for run in self.runs for place in run.failing))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTrials(Observation):
    """All pull requests that were tried."""

    control: ChangeTrial
    """Of a change that breaks nothing."""
    broken: tuple[ChangeTrial, ...]
    asked: int
    """How many broken ones were to be tried."""
    required: tuple[str, ...]
    """Names of the checks that have to succeed."""

    def limited(self, limit: str) -> ChangeTrials:
        """Return the same, with one more word of what they can't show."""
        return replace(self, substrate=replace(self.substrate, limits=(*self.substrate.limits, limit)))


def try_change(
    forge: TakesPulls,
    number: int,
    run_ci: RunCi,
    workflows: Sequence[Workflow],
    event: Event,
    *,
    aim: str,
    what: str,
    expected: tuple[str, ...],
    merge: str,
    changed: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    says: str = "",
) -> ChangeTrial:
    """Let CI run on what merging a pull request would make, report its checks, and try to merge.

    Args:
        merge: That commit.
        changed: Files by which it differs from the base.
        rules: Names of the rulesets that hold for the base.
        says: What whoever notices what is broken writes.

    Raises:
        ObservationError, PrerequisiteMissing: as `reported` does.
    """
    runs = tuple(reported(run_ci(merge, workflow), workflow, event) for workflow in workflows)
    checks = [check for run in runs for check in run.checks]
    forge.record(number, reviewed(checks, queue=event.name == "merge_group"))
    pushed = forge.merge(number)
    return ChangeTrial(
        aim=aim, what=what, expected=expected, runs=runs, pushed=pushed, changed=changed, rules=rules, says=says
    )
