"""A second opinion counts where it says what a check says, is told where it does not, and never hides the first."""

from __future__ import annotations

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import both, counted, disputed, disputed_databases
from exitgate.checks.infrastructure.scan import RULES
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.terraform import CodeFinding, CodeScan, Infrastructure
from exitgate.policy.containers import Severity
from tests.checks.infrastructure.plans import ORDERS, REFERENCE, STORES, planned, resource

CATALOG = REFERENCE.workload("catalog")
FINDING = Finding(location="a:1", message="m", expected="e", got="g", remedy="r")


def against(rule: str, severity: Severity = "high", line: int = 10, stack: str = "staging") -> CodeFinding:
    return CodeFinding(
        stack=stack, path="infra/main.tf", line=line, rule=rule, severity=severity, message="Bad.", remedy="Mend it"
    )


def scan(*found: CodeFinding, silent: tuple[tuple[str, str], ...] = ()) -> CodeScan:
    return CodeScan(
        substrate=Substrate(assurance=Assurance.DECLARED, name="scan"),
        found=found,
        asked=1,
        silent=silent,
        suppressions=(),
    )


def plan() -> Infrastructure:
    return planned(
        resource("aws_mq_broker.this"),
        resource("aws_lb_listener.this"),
        resource("aws_elasticache_replication_group.this"),
    )


def missing() -> list[Finding]:
    raise PrerequisiteMissing("x", got="g", expected="e", action="A.")


@pytest.mark.parametrize("check", sorted(set(RULES) - {"3.3.B.2.1 protected"}))
def test_a_rule_that_says_the_same_counts_for_its_check_alone(check: str) -> None:
    _, rules = RULES[check]
    for rule in rules:
        found = disputed(plan(), scan(against(rule)), check)
        assert [(each.location, each.message, each.rule) for each in found] == [
            ("infra/main.tf:10", f"Trivy's {rule}: Bad, in staging", rule)
        ]
        others = [other for other in RULES if other not in (check, "3.3.B.2.1 protected")]
        assert [disputed(plan(), scan(against(rule)), other) for other in others] == [[]] * len(others)
    assert disputed(plan(), scan(), check) == []


def test_a_finding_in_two_stacks_is_told_once() -> None:
    one = plan().stacks[0]
    two = Infrastructure(substrate=plan().substrate, stacks=(one, type(one)(name="live", resources=(), named=True)))
    seen = scan(against("AWS-0072"), against("AWS-0072", stack="live"))
    assert [each.message for each in disputed(two, seen, "3.3.B.2.3 private-and-encrypted")] == [
        "Trivy's AWS-0072: Bad, in staging and live"
    ]


def test_a_database_is_its_services_and_one_that_nobody_is_named_for_is_everybodys() -> None:
    both_in = planned(resource("aws_db_instance.orders"), resource("aws_db_instance.catalog"))
    far = both_in.stacks[0].resources[1]
    moved = planned(
        both_in.stacks[0].resources[0], type(far)(address=far.address, type=far.type, values={}, path=far.path, line=40)
    )
    seen = scan(against("AWS-0080", line=41))
    assert disputed_databases(moved, seen, ORDERS, STORES) == []
    assert [each.rule for each in disputed_databases(moved, seen, CATALOG, STORES)] == ["AWS-0080"]
    nobodys = planned(resource("aws_db_instance.main"))
    for service in (ORDERS, CATALOG):
        assert [each.rule for each in disputed_databases(nobodys, seen, service, STORES)] == ["AWS-0080"]
    assert disputed_databases(nobodys, seen, ORDERS, {}) == []


def test_a_file_that_the_check_speaks_of_and_trivy_does_not_is_not_assessed() -> None:
    seen = scan(silent=(("staging", "infra/main.tf"),))
    with pytest.raises(
        PrerequisiteMissing, match=r"nothing said of infra/main.tf, in which the plan has aws_mq_broker"
    ):
        disputed(plan(), seen, "3.3.B.2.3 logged")
    assert disputed(planned(resource("aws_vpc.this")), seen, "3.3.B.2.3 logged") == []
    assert disputed(plan(), scan(against("AWS-0071"), silent=seen.silent), "3.3.B.2.3 logged") != []


def test_what_counts_is_the_policys_and_other_rules_are_told_and_not_judged() -> None:
    seen = scan(against("AWS-0053"), against("AWS-0053", stack="live"), against("AWS-0071", "low"), against("AWS-0072"))
    counts = counted(seen, "high")
    assert [each.rule for each in counts.found] == ["AWS-0053", "AWS-0053", "AWS-0072"]
    assert counts.substrate.limits == (
        "Trivy's opinion, judged by no control: AWS-0053 (high) at infra/main.tf:10: Bad.",
        "of what Trivy has against the code, 1 below high are not judged",
    )
    assert counted(scan(), "high").substrate.limits == ()
    assert disputed(plan(), counted(seen, "low"), "3.3.B.2.3 logged") != []


def test_neither_opinion_hides_the_other() -> None:
    assert both(lambda: [FINDING], missing) == [FINDING]
    assert both(missing, lambda: [FINDING]) == [FINDING]
    assert both(list, list) == []
    with pytest.raises(PrerequisiteMissing):
        both(list, missing)
