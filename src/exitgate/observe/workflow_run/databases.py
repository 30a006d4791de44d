"""A service's integration tests with the database that CI gives them, and with nobody listening in its place.

The change touches one service, so no other one's tests are run; and jobs that run no integration tests stand still, so what
the server executes while the step with them runs is told by them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Job, Workflow
from exitgate.observation import Observation
from exitgate.observe.verification import VerifyingCommand
from exitgate.observe.verification.purpose import purpose_of
from exitgate.observe.workflow import parse_workflow
from exitgate.observe.workflow_run.aims import steps_noticing
from exitgate.observe.workflow_run.changes import ChangeLab
from exitgate.observe.workflow_run.replacing import in_every_step, only, step_at
from exitgate.observe.workflow_run.results import step_of
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials
from exitgate.provision.workflow_run import Arrangement, Statement, services_of

_DATABASE = "postgres"
_INTEGRATION = ("integration",)
_PREPARING_TASKS = frozenset({"build", "generate", "codegen", "compile", "prepare", "bundle"})
_TOLD = 200
"""How many distinct statements are kept as evidence."""
_CLOCK_S = 1.0
"""act tells of times in whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedStatement:
    """A statement, and how often the server executed it while the integration tests ran."""

    database: str
    text: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTrials(Observation):
    """A change of one service beside a database, and beside none."""

    service: str
    stores: bool
    """Whether exitgate.toml names a PostgreSQL, or migrations, of the service."""
    steps: tuple[str, ...]
    """Places of the steps with the integration tests."""
    trials: ChangeTrials
    """Its control has the database; the broken one has nobody listening in its place."""
    statements: tuple[ExecutedStatement, ...]
    """Of the control."""


def read_database_trials(
    lab: ChangeLab, name: str, folder: str, commands: Sequence[VerifyingCommand], *, stores: bool
) -> DatabaseTrials:
    """Try a change of one service with the database and without; the lab is of use for other trials afterwards.

    Args:
        folder: Of the service.
        commands: That verify.
        stores: Whether exitgate.toml names a PostgreSQL, or migrations, of the service.

    Raises:
        PrerequisiteMissing: if no workflow that runs integration tests asks for a PostgreSQL, or something else is not here.
        ObservationError: if what came of a run can't be told.
    """
    workflow = _with_database(lab)
    steps = steps_noticing(workflow, _INTEGRATION)
    testing = [job for job in workflow.jobs.values() if any(step.place in steps for step in job.steps)]
    own = in_every_step(workflow, commands)
    elsewhere = [each for each in own if _job_of(workflow, each) not in testing]
    # What migrates or waits would fail before the tests could: they are to be seen failing themselves, or not.
    before = [each for each in own if each not in elsewhere and not _prepares(each, steps, workflow)]
    everywhere = Arrangement(told=True), (), f"with-database-{name}", "the unmodified target"
    nowhere = (
        Arrangement(absent=frozenset({_DATABASE})),
        tuple(step.place for job in testing for step in job.steps),
        f"without-database-{name}",
        f"{folder}: nobody listens where CI has its PostgreSQL",
    )
    found: list[ChangeTrial] = []
    for (around, expected, aim, what), still in ((everywhere, elsewhere), (nowhere, [*elsewhere, *before])):
        lab.begin()
        text = only(workflow.path, (lab.source / workflow.path).read_text(encoding="utf-8"), still)
        lab.note((folder,))
        # Not committed: Nx takes a change of the workflow for one of every project, where it is told so.
        parsed = parse_workflow(text, workflow.path)
        found.append(lab.propose(aim, what, expected, workflow=parsed, text=text, around=around))
    control, broken = found
    trials = lab.observed(control, broken, asked=1)
    statements = _counted(lab.statements.get(control.aim, ()), list(_windows(control, workflow, steps)))
    told = [asdict(each) for each in statements[:_TOLD]]
    kept = lab.evidence.keep(
        f"statements-{name}.json", json.dumps({"distinct": len(statements), "first": told}, indent=1)
    )
    return DatabaseTrials(
        substrate=trials.substrate,
        evidence=(*trials.evidence, kept),
        service=name,
        stores=stores,
        steps=steps,
        trials=trials,
        statements=statements,
    )


def _with_database(lab: ChangeLab) -> Workflow:
    for workflow in lab.workflows.ci:
        if any(service.kind == _DATABASE for service in services_of(workflow)):
            return workflow
    raise PrerequisiteMissing(
        lab.workflows.place_of_on(),
        got="no job that asks for a PostgreSQL by `services:`",
        expected="one, whose statements can be seen",
        action="Give the job with the integration tests a PostgreSQL by `services:`.",
    )


def _job_of(workflow: Workflow, command: VerifyingCommand) -> Job | None:
    at = step_at(workflow, command.place)
    return next((job for job in workflow.jobs.values() if any(step.place == at for step in job.steps)), None)


def _prepares(command: VerifyingCommand, steps: Sequence[str], workflow: Workflow) -> bool:
    """Say whether the integration tests need a command, or it is theirs."""
    if step_at(workflow, command.place) in steps or "affected" in command.command.text:
        return True
    invocation = purpose_of(command.command.words)
    return invocation.kind in {"install", "build"} or bool(_PREPARING_TASKS & set(invocation.scripts))


def _windows(trial: ChangeTrial, workflow: Workflow, steps: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Yield from when to when a step surely ran, one a leg."""
    for run in trial.runs:
        for report in run.jobs.values() if run.workflow == workflow.path else ():
            for leg in report.legs:
                for each in leg.steps:
                    step = step_of(workflow.jobs[report.job], each.key)
                    if step is not None and step.place in steps and each.stage == "Main":
                        end = each.ended_at + _CLOCK_S
                        yield end - each.seconds, end


def _counted(statements: Sequence[Statement], windows: Sequence[tuple[float, float]]) -> tuple[ExecutedStatement, ...]:
    found = Counter(
        (each.database, each.text) for each in statements if any(begin <= each.at <= end for begin, end in windows)
    )
    return tuple(
        ExecutedStatement(database=database, text=text, times=times) for (database, text), times in found.items()
    )
