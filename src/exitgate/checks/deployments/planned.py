"""Planned values beside those that the rules name, in every stack of the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec

from exitgate.checks.infrastructure.judging import stack_left_out
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings, PlannedDeployments, Topic

_P = ParamSpec("_P")
_Rule = Callable[Concatenate[DeploymentSettings, _P], list[Finding]]


def in_every_stack(
    rule: _Rule[_P],
) -> Callable[Concatenate[PlannedDeployments, _P], list[Finding]]:
    """Have a rule on one stack's settings look at those of all stacks; what is the same in several is one finding.

    The rule then raises PrerequisiteMissing where it found nothing and a stack was not planned.
    """

    @wraps(rule)
    def look(planned: PlannedDeployments, /, *args: _P.args, **kwargs: _P.kwargs) -> list[Finding]:
        found = list(dict.fromkeys(each for stack in planned.stacks for each in rule(stack, *args, **kwargs)))
        if not found and planned.left_out:
            raise stack_left_out(planned.left_out)
        return found

    return look


def needing(
    *topics: Topic,
) -> Callable[[_Rule[_P]], _Rule[_P]]:
    """Have a rule look at one stack's settings only where the source tells of certain things; a default would stand for them.

    The rule then raises PrerequisiteMissing where it does not, and names what and where.
    """

    def decorate(rule: _Rule[_P]) -> _Rule[_P]:
        @wraps(rule)
        def look(planned: DeploymentSettings, /, *args: _P.args, **kwargs: _P.kwargs) -> list[Finding]:
            for absent in planned.unanswered:
                if absent.topic in topics:
                    raise PrerequisiteMissing(
                        absent.location,
                        got=f"nothing of the {absent.topic} of {planned.workload}",
                        expected="an answer of AWS that tells of it",
                        action=absent.action,
                    )
            return rule(planned, *args, **kwargs)

        return look

    return decorate


def differences(rows: Iterable[tuple[str, str, object, object]]) -> Iterator[Finding]:
    """Yield a finding for each value that is not written out, or is another one.

    Args:
        rows: Where it stands, what it is called, what is planned, what the rules say.
    """
    for location, name, planned, wanted in rows:
        if planned == wanted:
            continue
        absent = planned is None or planned == ""
        yield Finding(
            location=location,
            message=f"the {name} is not written out" if absent else f"the {name} is not that of the rules",
            expected=str(wanted),
            got="nothing: a default decides" if absent else str(planned),
            remedy="Write it out in the infrastructure code, as [policy.deployments] has it, or change the rule.",
        )
