"""Rules on the target's own limits for what scanners find."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import lax_scan_limits
from exitgate.finding import Finding

from .test_lax_policies import HEAD, target

SOUND = {
    "max_age_days": "{ critical = 30, high = 90 }",
    "misconfiguration_severity": '"high"',
    "database_max_age_hours": "168",
}


def judge(**rules: str) -> list[Finding]:
    limits = "\n".join(f"{key} = {value}" for key, value in {**SOUND, **rules}.items())
    return lax_scan_limits(
        target(
            f"{HEAD}[policy.containers]\nuid_range = [1, 2]\ngid_range = [1, 2]\n[policy.containers.vulnerabilities]\n{limits}\n"
        )
    )


def test_limits_within_the_bounds_are_no_finding() -> None:
    assert judge() == []
    assert judge(max_age_days="{ critical = 0, high = 0, medium = 365, low = 9999 }") == []


@pytest.mark.parametrize("text", [HEAD, f"{HEAD}[policy.containers]\nuid_range = [1, 2]\ngid_range = [1, 2]\n"])
def test_no_limits_are_a_finding(text: str) -> None:
    (finding,) = lax_scan_limits(target(text))
    assert finding.message == "no limits are set for what scanners find in images"


@pytest.mark.parametrize(
    ("rules", "line", "message", "got"),
    [
        ({"max_age_days": "{ critical = 31, high = 90 }"}, 7, "of severity critical stand for longer", "31 days"),
        ({"max_age_days": "{ critical = 30, high = 91 }"}, 7, "of severity high stand for longer", "91 days"),
        ({"max_age_days": "{ critical = 30 }"}, 7, "of severity high stand for longer", "no limit"),
        ({"misconfiguration_severity": '"critical"'}, 8, "lets almost every misconfiguration stand", "critical"),
        ({"database_max_age_hours": "169"}, 9, "more than a week old", "169 hours"),
    ],
)
def test_a_limit_that_lets_everything_stand_is_a_finding_at_its_line(
    rules: dict[str, str], line: int, message: str, got: str
) -> None:
    (finding,) = judge(**rules)
    assert (finding.location, finding.got) == (f"exitgate.toml:{line}", got)
    assert message in finding.message
