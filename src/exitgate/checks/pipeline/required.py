"""The checks that a merge needs: required by the rulesets, and reported by one job each."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.checks.pipeline.samples import branches_of, refuse_nameless, required_names
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.events import Event
from exitgate.github.producers import Producer
from exitgate.github.rulesets import rules_of
from exitgate.observe.workflow import PipelineModel, Rulesets
from exitgate.policy import PipelinePolicy


def foreign_requirements(rulesets: Rulesets, policy: PipelinePolicy, default_branch: str) -> list[Finding]:
    """Name each check that rulesets require and the policy does not, the other way round, or of another application.

    Raises:
        PrerequisiteMissing: if there is no ruleset, or no check is required by the policy.
    """
    required_names(policy)
    samples = branches_of(policy).start_ci
    all_rules = [rules_of(rulesets.all, sample, default_branch) for sample in samples]
    if not any(rules.rulesets for rules in all_rules):
        raise PrerequisiteMissing(
            next(iter(rulesets.missing), "exitgate.toml"),
            got="no active ruleset of a protected branch",
            expected="one to compare with the policy",
            action="Export it, and name it in [pipeline] rulesets.",
            blocked_by="3.1.A.1.2",
        )
    wanted = {check.name: check.app_id for check in policy.required_check}
    findings: dict[tuple[str, str], Finding] = {}

    def found(location: str, name: str, message: str, expected: str, got: str) -> None:
        remedy = "Change the ruleset on GitHub and export it again, or correct the policy."
        finding = Finding(location=location, message=message, expected=expected, got=got, remedy=remedy)
        findings.setdefault((location, name), finding)

    for rules in all_rules:
        if not rules.rulesets:
            continue  # The check that owns it says so: 3.1.A.1.2.
        for context in rules.required:
            got = f"application {context.app_id}" if context.app_id else "any application or token"
            if context.name not in wanted:
                message = f"the ruleset requires {context.name!r}, which the policy does not name"
                found(context.place, context.name, message, ", ".join(wanted), context.name)
            elif context.app_id != wanted[context.name]:
                message = f"{context.name!r} may be reported by {got}"
                found(context.place, context.name, message, f"application {wanted[context.name]} alone", got)
        place = next((rule.place for rule in rules.of("required_status_checks")), rules.rulesets[0].path)
        for name in wanted.keys() - {context.name for context in rules.required}:
            message = f"the rules of {rules.branch} do not require {name!r}"
            found(place, name, message, f"{name} among the required checks", "it is not there")
    return list(findings.values())


def misproduced_checks(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each required check that no job reports on an event, or more than one.

    Raises:
        PrerequisiteMissing: if no check is required, or only a run tells what checks are called.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for required, event in needs(model, policy):
        made, nameless = model.reported(event)
        own = [each for each in made if each.name == required]
        filtered = any(required in model.names_without_filters(each, event) for each in model.workflows.all.values())
        if not own and not filtered:
            refuse_nameless(required, nameless)
            finding = Finding(
                location=model.workflows.place_of_on(event.name),
                message=f"no job reports {required!r} for {event}",
                expected=f"one job of that name, in a workflow that starts on {event.name}",
                got=f"checks: {', '.join(sorted({each.name for each in made})) or 'none at all'}",
                remedy="Name the job so, or require the name that it has; a matrix adds its values to it.",
            )
            findings.setdefault((required, event.name), finding)
        if len(own) > 1:
            finding = Finding(
                location=own[-1].place,
                message=f"{len(own)} jobs report {required!r} for {event}",
                expected="one: any of them could stand in for the others",
                got=", ".join(dict.fromkeys(each.place for each in own)),
                remedy="Give each job a name of its own.",
            )
            findings.setdefault((required, "many"), finding)
    return list(findings.values())


def needs(model: PipelineModel, policy: PipelinePolicy) -> Iterator[tuple[str, Event]]:
    """Yield each required check with each event that needs it reported."""
    for required in required_names(policy):
        for sample in branches_of(policy).start_ci:
            for event in model.changes(sample, queue=policy.merge_queue):
                yield required, event


def reporting(model: PipelineModel, policy: PipelinePolicy) -> list[tuple[Producer, Event]]:
    """Return each job that reports a required check, with each event on which it does.

    Raises:
        PrerequisiteMissing: if there is none.
    """
    found = [
        (producer, event)
        for required, event in needs(model, policy)
        for producer in model.reported(event)[0]
        if producer.name == required
    ]
    if not found:
        raise PrerequisiteMissing(
            "the required checks",
            got="no job that reports one on a pull request",
            expected="jobs to look at",
            action="Mend what 3.1.A.1.3 says of names, or 3.1.A.1.1 of triggers.",
            blocked_by="3.1.A.1.3",
        )
    return found
