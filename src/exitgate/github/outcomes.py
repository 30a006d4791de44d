"""What becomes of a workflow's jobs, given which of them fail: skipped, failed, masked; and what of that GitHub takes for success.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds and
https://github.com/actions/runner/issues/491 (an implicit success() looks at all ancestors, not at the needed jobs alone).
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exitgate.github.evaluation import Contexts, Object, Unknown, Value, as_text, evaluate, hangs_on, truth
from exitgate.github.expressions import (
    STATUS_FUNCTIONS,
    BadExpression,
    Binary,
    Call,
    functions,
    parse_condition,
    parse_template,
)
from exitgate.github.matrix import Leg, legs, resolved
from exitgate.github.node import Node
from exitgate.github.workflow import Condition, Job, Step, Workflow


class Result(enum.StrEnum):
    """How a job or a step ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a job."""

    result: Result | None
    """As ``needs`` sees it; nothing where it is unknown."""
    unknown: frozenset[str] = frozenset()
    """What it hangs on, where it is unknown."""
    at: str = ""
    """Place of the step that failed, where one did."""

    @property
    def lets_through(self) -> bool | None:
        """Whether a required check of this job lets a change through: GitHub takes a skipped job for one that passed."""
        return None if self.result is None else self.result in {Result.SUCCESS, Result.SKIPPED}


_SUCCESS, _SKIPPED = Ending(result=Result.SUCCESS), Ending(result=Result.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A step's script, as the runner hands it to a shell."""

    text: str
    shell: str
    """As it is written; empty for the default."""
    environment: Mapping[str, str]
    place: str


Oracle = Callable[[Script], int | None]
"""What a shell exits with; nothing where that can't be told."""


def tells_nothing(script: Script) -> int | None:
    """Return nothing: an oracle for where no script is run."""
    del script
    return None


def runs_at_all(condition: Condition | None, contexts: Contexts) -> bool | Unknown:
    """Whether a condition holds. Without a status function it holds only where nothing has failed before."""
    success = Call("success", ())
    if condition is None:
        expression: Call | Binary = success
    else:
        try:
            written = parse_condition(condition.text)
        except BadExpression:
            return Unknown(frozenset({condition.text}))
        if functions(written) & STATUS_FUNCTIONS:
            expression = Binary("&&", written, Call("always", ()))
        else:
            expression = Binary("&&", success, written)
    try:
        value = evaluate(expression, contexts)
    except BadExpression:
        return Unknown(frozenset({condition.text if condition else ""}))
    known = truth(value)
    return known if known is not None else Unknown(hangs_on(value))


def job_contexts(workflow: Workflow, job: Job, endings: Mapping[str, Ending], contexts: Contexts) -> Contexts:
    """Return what a job's own expressions see: the results of those that it needs, and what the status functions say."""
    own = {name: endings[name] for name in job.needed if name in endings}
    needs = Object({name.lower(): _as_need(name, ending) for name, ending in own.items()})
    return Contexts(values={**contexts.values, "needs": needs}, status=_status(workflow, job, endings))


def _status(workflow: Workflow, job: Job, endings: Mapping[str, Ending]) -> dict[str, bool | Unknown]:
    """Return what the status functions say in a job's condition: by all of its ancestors, not by those alone that it needs."""
    before = [endings[name] for name in workflow.ancestors(job) if name in endings]
    results = {each.result for each in before}
    unknown = Unknown(frozenset().union(*(each.unknown for each in before if each.result is None)))
    worst = results - {Result.SUCCESS, None}
    return {
        "success": False if worst else unknown if None in results else True,
        "failure": True if Result.FAILURE in results else unknown if None in results else False,
        # Said of the whole run: a job alone that is cancelled leaves it false.
        "cancelled": False,
    }


@functools.lru_cache(maxsize=4096)
def _as_need(name: str, ending: Ending) -> Object:
    path = f"needs.{name.lower()}"
    result: Value = ending.result.value if ending.result else Unknown(ending.unknown or frozenset({f"{path}.result"}))
    return Object({"result": result, "outputs": Object({}, path=f"{path}.outputs")})


def endings_of(
    workflow: Workflow,
    contexts: Contexts,
    forced: Mapping[str, Result] | None = None,
    *,
    watched: frozenset[str] = frozenset(),
    oracle: Oracle = tells_nothing,
    calm: Mapping[str, Ending] | None = None,
) -> dict[str, Ending]:
    """Return what becomes of each job, if those that are forced end so and every other one's steps succeed.

    Args:
        forced: Job id to how its steps end: a condition may still skip it, and ``continue-on-error`` make nothing of it.
        watched: Ids of jobs whose own steps decide, e.g. one that looks at the results of others.
        oracle: Says what the scripts of watched jobs exit with.
        calm: The same where nothing is forced, so that jobs before which nothing is need not be told anew.
    """
    forced = forced or {}
    endings: dict[str, Ending] = {}
    behind = set(forced)
    for job in workflow.in_order():
        if calm is not None and job.id not in behind and behind.isdisjoint(job.needed):
            endings[job.id] = calm[job.id]
            continue
        behind.add(job.id)
        runs = _job_runs(workflow, job, endings, contexts)
        if isinstance(runs, Unknown):
            endings[job.id] = Ending(result=None, unknown=runs.of)
        elif not runs:
            endings[job.id] = _SKIPPED
        elif job.id in forced:
            endings[job.id] = _softened(job, forced[job.id], job_contexts(workflow, job, endings, contexts))
        elif job.id in watched and _looks_at_others(job):
            endings[job.id] = steps_end(workflow, job, job_contexts(workflow, job, endings, contexts), oracle)
        else:
            endings[job.id] = _SUCCESS
    return endings


def _job_runs(workflow: Workflow, job: Job, endings: Mapping[str, Ending], contexts: Contexts) -> bool | Unknown:
    """Say whether a job runs; without a condition it does where nothing before it failed, which needs no expression."""
    if job.condition is None:
        return _status(workflow, job, endings)["success"]
    return runs_at_all(job.condition, job_contexts(workflow, job, endings, contexts))


def _looks_at_others(job: Job) -> bool:
    """Whether a job's steps read what became of others; where none does, they succeed whatever that was."""
    texts = [*job.env.values(), *(node for step in job.steps for node in _texts_of(step))]
    return any("needs" in node.text for node in texts)


def _texts_of(step: Step) -> list[Node]:
    given = [step.run, step.condition.source if step.condition else None, step.continue_on_error]
    return [*(node for node in given if node is not None), *step.env.values(), *step.with_.values()]


def _softened(job: Job, result: Result, contexts: Contexts) -> Ending:
    """Return how a failing job ends for those that need it, each leg of its matrix by its own ``continue-on-error``."""
    if result is not Result.FAILURE or job.continue_on_error is None:
        return Ending(result=result)
    try:
        found = legs(job, contexts)
        each_leg = found if isinstance(found, tuple) else (Leg(values={}),)
        values = [
            truth(
                resolved(
                    job.continue_on_error, contexts.but(matrix=Object(leg.values, path="" if leg.values else "matrix"))
                )
            )
            for leg in each_leg
        ]
    except BadExpression:
        return Ending(result=None, unknown=frozenset({job.continue_on_error.text}))
    # One leg whose failure makes nothing is a failure that gets through.
    if True in values:
        return Ending(result=Result.SUCCESS)
    unknown = frozenset({job.continue_on_error.text})
    return Ending(result=None, unknown=unknown) if None in values else Ending(result=result)


def steps_end(workflow: Workflow, job: Job, contexts: Contexts, oracle: Oracle) -> Ending:
    """Return how a job ends by its own steps, as far as that can be told: scripts by the oracle, actions succeed."""
    failed: bool | Unknown = False
    at, steps = "", dict[str, Value]()
    names = _names(workflow, job)
    inside = _inside(workflow, job, contexts, steps)
    for step in job.steps:
        status: dict[str, bool | Unknown] = {
            "success": (not failed) if isinstance(failed, bool) else failed,
            "failure": failed,
            "cancelled": False,
        }
        now = Contexts(values=inside.values, status=status)
        ended = _step_ends(step, now, oracle, names)
        if step.id:
            outcome: Value = ended.value if isinstance(ended, Result) else ended
            steps[step.id.lower()] = Object(
                {"outcome": outcome, "conclusion": outcome}, path=f"steps.{step.id.lower()}"
            )
        if ended in {Result.SUCCESS, Result.SKIPPED} or _goes_on(step, now) is True:
            continue
        if ended is Result.FAILURE and failed is not True:
            failed, at = True, step.place
        elif isinstance(ended, Unknown) and failed is False:
            failed = ended
    if isinstance(failed, Unknown):
        return Ending(result=None, unknown=failed.of)
    return Ending(result=Result.FAILURE if failed else Result.SUCCESS, at=at)


def script_of(workflow: Workflow, job: Job, step: Step, contexts: Contexts) -> Script | Unknown:
    """Return what a shell is handed for a step of a job, as far as that is known."""
    return _script(step, _inside(workflow, job, contexts, {}), _names(workflow, job))


def _names(workflow: Workflow, job: Job) -> dict[str, str]:
    return {name.lower(): name for name in (*workflow.env, *job.env)}


def _inside(workflow: Workflow, job: Job, contexts: Contexts, steps: Mapping[str, Value]) -> Contexts:
    return contexts.but(
        env=_environment(contexts, workflow.env, job.env),
        steps=Object(steps, path="steps"),
        matrix=Object({}, path="matrix"),
    )


def _goes_on(step: Step, contexts: Contexts) -> bool | None:
    return False if step.continue_on_error is None else truth(resolved(step.continue_on_error, contexts))


def _environment(contexts: Contexts, *given: Mapping[str, Node]) -> Object:
    values: dict[str, Value] = {}
    for each in given:
        for name, node in each.items():
            values[name.lower()] = resolved(node, contexts.but(env=Object(dict(values), path="env")))
    return Object(values, path="env")


def _step_ends(step: Step, contexts: Contexts, oracle: Oracle, names: Mapping[str, str]) -> Result | Unknown:
    runs = runs_at_all(step.condition, contexts)
    if isinstance(runs, Unknown):
        return runs
    if not runs:
        return Result.SKIPPED
    if step.uses is not None:
        return _action_ends(step, contexts)
    script = _script(step, contexts, names)
    if isinstance(script, Unknown):
        return script
    exit_code = oracle(script)
    if exit_code is None:
        return Unknown(frozenset({f"the script in {step.place}"}))
    return Result.SUCCESS if exit_code == 0 else Result.FAILURE


def _script(step: Step, contexts: Contexts, names: Mapping[str, str]) -> Script | Unknown:
    if step.run is None:
        return Unknown(frozenset({step.title}))
    try:
        environment = _texts(contexts, step, names)
        text = as_text(evaluate(parse_template(step.run.text), contexts))
    except BadExpression as error:
        return Unknown(frozenset({str(error)}))
    if isinstance(text, Unknown):
        return text
    if isinstance(environment, Unknown):
        return environment
    return Script(text=text, shell=step.shell, environment=environment, place=step.place)


def _texts(contexts: Contexts, step: Step, inherited_names: Mapping[str, str]) -> dict[str, str] | Unknown:
    inherited = contexts.values["env"]
    own = _environment(contexts, step.env)
    found: dict[str, str] = {}
    for source in (inherited, own):
        for name, value in (source.properties if isinstance(source, Object) else {}).items():
            text = as_text(value)
            if isinstance(text, Unknown):
                return text
            found[name] = text
    names = {**inherited_names, **{name.lower(): name for name in step.env}}
    return {names.get(name, name): text for name, text in found.items()}


def _action_ends(step: Step, contexts: Contexts) -> Result | Unknown:
    """Return how a used action ends: re-actors/alls-green by what it documents; any other one is taken to succeed."""
    uses = step.uses.text if step.uses else ""
    if uses.split("@")[0].lower() != "re-actors/alls-green":
        told = any("needs" in node.text for node in (*step.env.values(), *step.with_.values()))
        return Unknown(frozenset({uses})) if told else Result.SUCCESS
    given = {name: as_text(resolved(node, contexts)) for name, node in step.with_.items()}
    needs = contexts.values.get("needs")
    if not isinstance(needs, Object) or any(isinstance(each, Unknown) for each in given.values()):
        return Unknown(frozenset({uses}))
    allowed = {
        Result.FAILURE: {each.strip().lower() for each in str(given.get("allowed-failures", "")).split(",")},
        Result.SKIPPED: {each.strip().lower() for each in str(given.get("allowed-skips", "")).split(",")},
    }
    for name, need in needs.properties.items():
        result = need.get("result") if isinstance(need, Object) else None
        if isinstance(result, Unknown):
            return result
        fine = [Result.SUCCESS, *(each for each, names in allowed.items() if name in names)]
        if result not in fine:
            return Result.FAILURE
    return Result.SUCCESS
