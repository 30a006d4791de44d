"""Rules on what the kernel granted."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import granted_attempts
from exitgate.errors import ObservationError
from tests.checks.containers.builders import LOCATIONS, attempt, attempts

KINDS = ("root-filesystem", "privilege-escalation", "raw-socket", "device", "mount")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_is_no_finding(kind: str) -> None:
    assert granted_attempts(attempts(attempt(kind), attempt(kind)), kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_granted_is_a_finding_with_the_kernels_answer(kind: str) -> None:
    seen = attempts(attempt(kind), attempt(kind, refused=False, what="make a device", answer="succeeded (3)"))
    (finding,) = granted_attempts(seen, kind)
    assert finding.message == "the workload may make a device"
    assert finding.got == "succeeded (3)"
    assert finding.expected == "a refusal by the kernel"


@pytest.mark.parametrize("kind", KINDS)
def test_silence_about_a_kind_is_an_error_and_no_pass(kind: str) -> None:
    others = attempts(*(attempt(other) for other in KINDS if other != kind))
    with pytest.raises(ObservationError, match=kind):
        granted_attempts(others, kind)


def test_no_attempt_at_all_is_an_error_and_no_pass() -> None:
    with pytest.raises(ObservationError, match="no attempt"):
        granted_attempts(attempts(), "mount")


def test_what_is_granted_of_another_kind_is_left_to_its_own_check() -> None:
    seen = attempts(attempt("mount"), attempt("device", refused=False))
    assert granted_attempts(seen, "mount") == []
    assert len(granted_attempts(seen, "device")) == 1


@pytest.mark.parametrize(
    ("kind", "location"),
    [
        ("root-filesystem", LOCATIONS.read_only_root),
        ("privilege-escalation", LOCATIONS.user),
        ("raw-socket", LOCATIONS.capabilities),
        ("device", LOCATIONS.capabilities),
        ("mount", LOCATIONS.capabilities),
    ],
)
def test_a_finding_stands_where_the_setting_that_decides_it_stands(kind: str, location: str) -> None:
    (finding,) = granted_attempts(attempts(attempt(kind, refused=False)), kind)
    assert finding.location == location


def test_an_escalation_through_a_file_is_located_at_the_file() -> None:
    seen = attempts(attempt("privilege-escalation", refused=False, where="/bin/su"))
    (finding,) = granted_attempts(seen, "privilege-escalation")
    assert finding.location == "image:/bin/su"


def test_a_write_is_located_at_the_setting_and_not_at_the_folder() -> None:
    seen = attempts(attempt("root-filesystem", refused=False, where="/etc"))
    (finding,) = granted_attempts(seen, "root-filesystem")
    assert finding.location == LOCATIONS.read_only_root


def test_each_kind_has_a_remedy_of_its_own() -> None:
    remedies = {granted_attempts(attempts(attempt(kind, refused=False)), kind)[0].remedy for kind in KINDS}
    assert len(remedies) == len(KINDS)


def test_five_of_a_kind_are_named_one_by_one() -> None:
    seen = attempts(*(attempt("device", refused=False, what=f"open disk {number}") for number in range(5)))
    findings = granted_attempts(seen, "device")
    assert [finding.message for finding in findings] == [f"the workload may open disk {number}" for number in range(5)]


def test_from_the_sixth_on_they_are_counted() -> None:
    granted = [attempt("device", refused=False, what=f"open disk {number}") for number in range(8)]
    findings = granted_attempts(attempts(attempt("device"), *granted), "device")
    assert len(findings) == 6
    assert findings[-1].got == "3"
    assert findings[-1].message.startswith("3 more")
    assert findings[-1].location == LOCATIONS.capabilities
