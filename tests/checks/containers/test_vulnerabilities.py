"""Rules on scans that say nothing, and on vulnerabilities that stand."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import invalid_scans, refuse_a_blind_scan, standing_vulnerabilities
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.scan import System

from .scans import LIBC, LODASH, limits, scan, vulnerability


def test_a_scan_of_a_supported_system_with_packages_and_a_young_database_is_valid() -> None:
    assert invalid_scans(scan(), limits()) == []
    assert invalid_scans(scan(packages=(LIBC,), database_age_hours=48.0), limits()) == []


def test_a_release_past_its_end_of_life_is_a_finding() -> None:
    (finding,) = invalid_scans(scan(system=System(family="debian", release="9.13", end_of_life=True)), limits())
    assert finding.location == "image:/etc/os-release"
    assert finding.message.startswith("debian 9.13 is past its end of life")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"system": None}, "recognises no operating system"),
        ({"packages": ()}, "reads not one package of its debian 12.11"),
        ({"packages": (LODASH,)}, "reads not one package of its debian 12.11"),
        ({"database_age_hours": 48.1}, "put together 48 hours ago"),
        ({"misread": "the scanner takes it for 99, and os-release says 12"}, "which release it is can't be told"),
        ({"unheard": ("lodash 4.17.11", "openssl 0.0.1")}, "no vulnerability of lodash 4.17.11 nor of openssl 0.0.1"),
        ({"database_age_hours": -9.0}, "9 hours from now"),
        ({"database_age_hours": 9000.0}, "put together 9000 hours ago"),
    ],
)
def test_a_blind_scan_is_not_assessed_and_never_clean(facts: dict[str, object], words: str) -> None:
    for judge in (invalid_scans, refuse_a_blind_scan):
        with pytest.raises(PrerequisiteMissing, match=words):
            judge(scan(**facts), limits())


def test_an_image_of_nothing_but_programs_that_list_their_modules_can_be_scanned() -> None:
    assert invalid_scans(scan(system=None, packages=(LODASH,), self_told=True), limits()) == []


def test_an_end_of_life_release_without_packages_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing):
        invalid_scans(scan(system=System(family="debian", release="9", end_of_life=True), packages=()), limits())


def test_a_release_that_own_layers_make_up_is_a_finding_and_blinds_what_builds_on_the_scan() -> None:
    facts = scan(pretended="debian_version says 99, and 12 in the base image")
    (finding,) = invalid_scans(facts, limits())
    assert (finding.location, finding.got) == ("image:/etc/debian_version", facts.pretended)
    with pytest.raises(PrerequisiteMissing, match="which release it is can't be told"):
        refuse_a_blind_scan(facts, limits())


def test_no_vulnerability_is_no_finding() -> None:
    assert standing_vulnerabilities(scan(), limits()) == []


def test_an_old_vulnerability_is_a_finding_with_what_it_is_and_what_cures_it() -> None:
    (finding,) = standing_vulnerabilities(scan(vulnerabilities=(vulnerability(),)), limits())
    assert finding.location == "image:/app/node_modules/lodash/package.json"
    assert finding.message == "lodash 4.17.11 has CVE-2019-10744 (critical), seen in image and SBOM"
    assert finding.expected == "none of severity critical that is known for more than 2 days"
    assert finding.got == "prototype pollution; published 2019-07-26, 100 days ago; fixed in 4.17.12"
    assert "4.17.12" in finding.remedy


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ({"age_days": 2}, False),
        ({"age_days": 3}, True),
        ({"age_days": 14, "severity": "high"}, False),
        ({"age_days": 15, "severity": "high"}, True),
        ({"age_days": 999, "severity": "medium"}, False),
        ({"age_days": 14, "severity": "unknown"}, False),
        ({"age_days": 15, "severity": "unknown"}, True),
        ({"age_days": None, "published": ""}, True),
        ({"age_days": None, "published": "", "severity": "unknown"}, True),
        ({"age_days": None, "published": "", "severity": "low"}, False),
        ({"age_days": -1}, False),
    ],
)
def test_each_severity_has_its_own_limit(facts: dict[str, object], stands: bool) -> None:
    found = standing_vulnerabilities(scan(vulnerabilities=(vulnerability(**facts),)), limits())
    assert bool(found) is stands


def test_one_of_age_zero_stands_where_no_day_is_given() -> None:
    policy = limits(max_age_days={"critical": 0})
    assert standing_vulnerabilities(scan(vulnerabilities=(vulnerability(age_days=0),)), policy) == []
    assert len(standing_vulnerabilities(scan(vulnerabilities=(vulnerability(age_days=1),)), policy)) == 1


def test_one_without_a_fix_stands_all_the_same_and_says_so() -> None:
    (finding,) = standing_vulnerabilities(
        scan(vulnerabilities=(vulnerability(fixed="", path="", package="libc6", seen_in=("SBOM",)),)), limits()
    )
    assert finding.location == "image:libc6"
    assert "seen in SBOM" in finding.message
    assert finding.got.endswith("no version without it: it stands all the same")


def test_one_without_a_date_says_that_nobody_knows_it() -> None:
    (finding,) = standing_vulnerabilities(
        scan(vulnerabilities=(vulnerability(age_days=None, published="", title=""),)), limits()
    )
    assert finding.got == "CVE-2019-10744; published nobody knows when; fixed in 4.17.12"


def test_every_vulnerability_is_named() -> None:
    several = tuple(vulnerability(id=f"CVE-2020-{number}") for number in range(12))
    assert len(standing_vulnerabilities(scan(vulnerabilities=several), limits())) == 12
