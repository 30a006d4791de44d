"""Rules on what scanners have against Dockerfiles."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import standing_misconfigurations

from .scans import limits, misconfiguration, misconfigurations


def test_nothing_found_is_no_finding() -> None:
    assert standing_misconfigurations(misconfigurations(), limits()) == []


@pytest.mark.parametrize(("severity", "stands"), [("low", False), ("medium", True), ("high", True), ("critical", True)])
def test_the_policys_severity_decides(severity: str, stands: bool) -> None:
    seen = misconfigurations(misconfiguration(severity=severity))
    assert bool(standing_misconfigurations(seen, limits())) is stands


def test_a_finding_says_rule_place_and_cure() -> None:
    (finding,) = standing_misconfigurations(misconfigurations(misconfiguration()), limits())
    assert finding.location == "Dockerfile:3"
    assert finding.message == "DS-0004: Port 22 should not be exposed"
    assert finding.expected == "nothing of severity medium or above"
    assert finding.got == "medium"
    assert finding.remedy == "Remove it."


def test_a_rule_that_names_no_cure_is_one_to_look_up() -> None:
    seen = misconfigurations(misconfiguration(rule="DL3020", remedy=""))
    (finding,) = standing_misconfigurations(seen, limits())
    assert "DL3020" in finding.remedy
