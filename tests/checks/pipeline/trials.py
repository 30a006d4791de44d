"""Trials of changes, made up: what CI said of each, step by step, and whether it was merged."""

from __future__ import annotations

from exitgate.assurance import Assurance
from exitgate.github.merging import CheckRun
from exitgate.github.outcomes import Ending, Result
from exitgate.observation import Substrate
from exitgate.observe.workflow_run import ChangeTrial, ChangeTrials, LegEnding, ReportedRun, StepEnding
from exitgate.observe.workflow_run.results import JobReport
from exitgate.provision.forge import Pushed

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="made up")
STEP = "ci.yml:9"


def trial(aim: str, *, merged: bool, output: str = "", failing: str = "", says: str = "") -> ChangeTrial:
    """Return a trial of one job with one step at `STEP`."""
    result = Result.SUCCESS if merged else Result.FAILURE
    step = StepEnding(key="0", name="Unit tests", stage="Main", result=result, output=output)
    leg = LegEnding(job="ci", matrix={}, steps=(step,), said=result.value)
    report = JobReport(
        job="ci",
        ending=Ending(result=result),
        checks=(CheckRun(name="ci", conclusion=result.value),),
        legs=(leg,),
        failing=() if merged else (failing or STEP,),
    )
    pushed = Pushed(
        branch="main",
        accepted=merged,
        reasons=() if merged else ("ci failed",),
        change="merged",
        before="a" * 40,
        after="b" * 40 if merged else "a" * 40,
        said="",
    )
    return ChangeTrial(
        aim=aim,
        what=f"a change: {aim}",
        expected=(STEP,),
        runs=(ReportedRun(workflow="ci.yml", jobs={"ci": report}),),
        pushed=pushed,
        says=says,
    )


def trials(*broken: ChangeTrial, sound: bool = True, control_output: str = "") -> ChangeTrials:
    """Return trials beside a control that gets in, or does not."""
    return ChangeTrials(
        substrate=SUBSTRATE,
        control=trial("sound", merged=sound, output=control_output),
        broken=broken,
        asked=len(broken),
        required=("ci",),
    )
