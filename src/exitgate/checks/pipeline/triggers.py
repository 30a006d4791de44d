"""Whether CI starts where it has to, and nowhere that it must not; and whether every change gets its required checks reported."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.checks.pipeline.samples import branches_of, refuse_nameless, required_names
from exitgate.finding import Finding
from exitgate.github.events import NEW_COMMITS, Event, starts, turned_away
from exitgate.observe.workflow import PipelineModel
from exitgate.policy import PipelinePolicy


def misplaced_starts(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each sample branch on which CI starts or does not start, against the policy.

    Raises:
        PrerequisiteMissing: if the policy has no samples.
    """
    branches = branches_of(policy)
    findings: dict[tuple[str, ...], Finding] = {}
    for sample in branches.start_ci:
        for event in _events(sample):
            if not any(starts(workflow, event) for workflow in model.workflows.ci):
                finding = Finding(
                    location=_place_of_refusal(model, event),
                    message=f"{event} starts no CI",
                    expected=f"{', '.join(model.workflows.named)} to start",
                    got="no workflow that validates changes",
                    remedy="Match the branch in the filters of `on:`; * ends at a slash, ** does not.",
                )
                findings.setdefault((event.name, sample), finding)
    for sample in branches.ignored:
        for event in _events(sample):
            for workflow in model.workflows.ci:
                if starts(workflow, event):
                    finding = Finding(
                        location=workflow.triggers[event.name].place,
                        message=f"{event} starts CI, which the policy has ignored",
                        expected="no start",
                        got=f"{workflow.path} starts",
                        remedy="Narrow the filters of `on:`, or take the branch from the policy's ignored ones.",
                    )
                    findings.setdefault((event.name, sample, workflow.path), finding)
    return list(findings.values())


def unreported_checks(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each required check that a filter can leave unreported: the change would wait for it for ever.

    Raises:
        PrerequisiteMissing: if no check is required, or only a run tells what checks are called.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for required in required_names(policy):
        for change in _changes(model, policy):
            made, nameless = model.reported(change)
            # Where no job has that name at all, the check that owns names says so.
            place = "" if any(each.name == required for each in made) else _filter_of(model, change, required)
            if place:
                refuse_nameless(required, nameless)
                finding = Finding(
                    location=place,
                    message=f"{change} that touches {', '.join(change.paths or ())} never gets the check {required!r} reported",
                    expected="a report on every change, whatever it touches and however it came about",
                    got="a filter that keeps the workflow from starting",
                    remedy="Take the filter from `on:`; let a job of the workflow decide what there is to do.",
                )
                findings.setdefault((required, place), finding)
    return list(findings.values())


def _changes(model: PipelineModel, policy: PipelinePolicy) -> Iterator[Event]:
    for sample in branches_of(policy).start_ci:
        for event in model.changes(sample, queue=policy.merge_queue):
            yield from model.touched(event)


def _events(sample: str) -> Iterator[Event]:
    yield Event(name="push", branch=sample)
    for action in NEW_COMMITS:
        yield Event(name="pull_request", branch=sample, action=action)


def _place_of_refusal(model: PipelineModel, event: Event) -> str:
    for workflow in model.workflows.ci:
        trigger = workflow.triggers.get(event.name)
        if trigger is not None:
            return turned_away(trigger, event) or trigger.place
    return model.workflows.place_of_on()


def _filter_of(model: PipelineModel, event: Event, required: str) -> str:
    """Return the place of the filter but for which a job would report a check; empty where none would."""
    for workflow in model.workflows.all.values():
        trigger = workflow.triggers.get(event.name)
        place = turned_away(trigger, event) if trigger is not None else ""
        if place and required in model.names_without_filters(workflow, event):
            return place
    return ""
