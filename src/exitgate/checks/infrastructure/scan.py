"""A second opinion on the code: what Trivy has against it, where a rule of Trivy's says what a check of this criterion says.

Both have to be content. What Trivy's other rules say belongs to no control of this gate; it is told, and not judged.
Source: Trivy's checks for Terraform on AWS, each explained under its id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from exitgate.checks.infrastructure.databases import Stores, databases_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.terraform import CodeFinding, CodeScan, Infrastructure, Resource, Stack
from exitgate.policy.containers import SEVERITIES, Severity
from exitgate.target import Workload

Concerns = Callable[[Stack, CodeFinding], bool]
_DATABASES: Final = "3.3.B.2.1 protected"
RULES: Final = {
    "3.3.B.1.3 certificate-attached": (("aws_lb_listener",), frozenset({"AWS-0047"})),
    "3.3.B.1.3 http-redirects": (("aws_lb_listener",), frozenset({"AWS-0054"})),
    _DATABASES: (
        ("aws_db_instance", "aws_rds_cluster"),
        frozenset({"AWS-0077", "AWS-0079", "AWS-0080", "AWS-0177", "AWS-0180", "AWS-0343"}),
    ),
    "3.3.B.2.2 encrypted": (("aws_elasticache_replication_group",), frozenset({"AWS-0045", "AWS-0051"})),
    "3.3.B.2.3 private-and-encrypted": (("aws_mq_broker",), frozenset({"AWS-0072"})),
    "3.3.B.2.3 logged": (("aws_mq_broker",), frozenset({"AWS-0071"})),
}
"""Control and check to the types that it speaks of, and the rules of Trivy's that say the same."""


def disputed(planned: Infrastructure, scan: CodeScan, check: str) -> list[Finding]:
    """Name what counts of what Trivy has against the code and belongs to a check, suppressed or not.

    Raises:
        PrerequisiteMissing: if it has nothing, and said nothing of a file that the check speaks of.
    """
    return _disputed(planned, scan, check, lambda _stack, _each: True)


def disputed_databases(planned: Infrastructure, scan: CodeScan, service: Workload, stores: Stores) -> list[Finding]:
    """Name what Trivy has against a service's database; what can't be told apart by name is told to all that store data."""

    def concerns(stack: Stack, each: CodeFinding) -> bool:
        return service.name in stores and service.name in (_owners(stack, each, stores) or stores)

    return _disputed(planned, scan, _DATABASES, concerns)


def both(*opinions: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what any of several rules finds, also where another can't tell.

    Raises:
        PrerequisiteMissing: if none finds anything, and one can't tell: the first one's reason.
    """
    found: list[Finding] = []
    missing: list[PrerequisiteMissing] = []
    for each in opinions:
        try:
            found += each()
        except PrerequisiteMissing as error:
            missing.append(error)
    if missing and not found:
        raise missing[0]
    return found


def counted(scan: CodeScan, severity: Severity) -> CodeScan:
    """Return a scan with what is at or above a severity; what of it no check judges is told as a limit, and how much is milder."""
    grave = tuple(each for each in scan.found if SEVERITIES.index(each.severity) >= SEVERITIES.index(severity))
    known = frozenset[str]().union(*(rules for _, rules in RULES.values()))
    told = dict.fromkeys(
        f"Trivy's opinion, judged by no control: {each.rule} ({each.severity}) at {each.path}:{each.line}: {each.message}"
        for each in grave
        if each.rule not in known
    )
    milder = {(each.rule, each.path, each.line) for each in scan.found} - {
        (each.rule, each.path, each.line) for each in grave
    }
    more = [f"of what Trivy has against the code, {len(milder)} below {severity} are not judged"] if milder else []
    substrate = replace(scan.substrate, limits=(*scan.substrate.limits, *told, *more))
    return replace(scan, found=grave, substrate=substrate)


def _disputed(planned: Infrastructure, scan: CodeScan, check: str, concerns: Concerns) -> list[Finding]:
    types, rules = RULES[check]

    def judge(stack: Stack, judgement: Judgement) -> None:
        for each in scan.found:
            if each.stack == stack.name and each.rule in rules and concerns(stack, each):
                judgement.fault(
                    f"{each.path}:{each.line}",
                    f"Trivy's {each.rule}: {each.message.rstrip('.')}",
                    expected="nothing from misconfiguration_severity on that belongs to this check",
                    got=each.severity,
                    remedy=each.remedy or f"Do as the rule says: it is explained under its name, {each.rule}.",
                    rule=each.rule,
                )

    found = judged(planned, judge)
    for name, path in scan.silent if not found else ():
        for stack in planned.stacks:
            if stack.name == name and any(each.path == path for each in stack.of(*types)):
                raise PrerequisiteMissing(
                    f"trivy config of stack {name}",
                    got=f"nothing said of {path}, in which the plan has {' or '.join(types)}",
                    expected="something of each file",
                    action="Call the module in a way that Trivy can evaluate, or have this check assessed by other means.",
                )
    return found


def _owners(stack: Stack, each: CodeFinding, stores: Stores) -> list[str]:
    """Return the services whose databases stand in the block that a finding is about."""
    before = [one for one in stack.resources if one.path == each.path and one.line <= each.line]
    start = max((one.line for one in before), default=0)
    block: list[Resource] = [one for one in before if one.line == start]
    return [name for name in stores if any(one in databases_of(stack, name) for one in block)]
