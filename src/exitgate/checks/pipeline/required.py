"""The checks that a merge needs: required by the rulesets, and reported by one job each."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.checks.pipeline.samples import branches_of, refuse_nameless, required_names
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.events import Event
from exitgate.github.producers import Producer
from exitgate.github.rulesets import BranchRules, rules_of
from exitgate.observe.workflow import PipelineModel, Rulesets
from exitgate.policy import PipelinePolicy

_REMEDY = "Change the ruleset on GitHub and export it again, or correct the policy."


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
    findings: dict[tuple[str, str], Finding] = {}
    for rules in all_rules:
        # Of a branch without one the check that owns it says so: 3.1.A.1.2.
        for name, finding in unlike_required(rules, policy, _REMEDY) if rules.rulesets else ():
            findings.setdefault((finding.location, name), finding)
    return list(findings.values())


def unlike_required(rules: BranchRules, policy: PipelinePolicy, remedy: str) -> Iterator[tuple[str, Finding]]:
    """Yield name and finding of each check that the rules of a branch (one ruleset at least) require otherwise than the policy."""
    wanted = {check.name: check.app_id for check in policy.required_check}
    for context in rules.required:
        got = f"application {context.app_id}" if context.app_id else "any application or token"
        if context.name not in wanted:
            message, expected = (
                f"the ruleset requires {context.name!r}, which the policy does not name",
                ", ".join(wanted),
            )
            got = context.name
        elif context.app_id != wanted[context.name]:
            message, expected = (
                f"{context.name!r} may be reported by {got}",
                f"application {wanted[context.name]} alone",
            )
        else:
            continue
        yield (
            context.name,
            Finding(location=context.place, message=message, expected=expected, got=got, remedy=remedy),
        )
    place = next((rule.place for rule in rules.of("required_status_checks")), rules.rulesets[0].path)
    for name in sorted(wanted.keys() - {context.name for context in rules.required}):
        message, expected = f"the rules of {rules.branch} do not require {name!r}", f"{name} among the required checks"
        yield name, Finding(location=place, message=message, expected=expected, got="it is not there", remedy=remedy)


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
