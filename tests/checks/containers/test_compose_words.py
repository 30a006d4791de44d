"""Findings about a workload that a Compose file describes: in its words, at its lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.checks.containers import (
    added_capabilities,
    confinement_breaks,
    declared_strangers,
    granted_attempts,
    kept_capabilities,
    missing_task_health_check,
    never_healthy,
    processes_outside,
    undropped_capabilities,
    unsafe_settings,
)
from exitgate.finding import Finding
from exitgate.observe.task_definition import HostShare, locations_of
from exitgate.settings import HealthCheck
from exitgate.target import Workload
from tests.checks.containers.builders import (
    NO_CAPABILITY,
    attempt,
    attempts,
    compose,
    dockerfile,
    health_check,
    image,
    life,
    policy,
    process,
)
from tests.observe.archives import archive, contents

LOCATIONS = locations_of(compose(), dockerfile())


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    assert "task definition" not in str(finding)
    assert "linuxParameters" not in str(finding)
    assert "readonlyRootFilesystem" not in str(finding)
    return finding


def test_a_sound_service_has_no_finding() -> None:
    assert added_capabilities(compose(), policy()) == []
    assert undropped_capabilities(compose()) == []
    assert missing_task_health_check(compose()) == []
    assert declared_strangers(image(), compose(), dockerfile(), policy()) == []


def test_an_added_capability_is_found_in_cap_add() -> None:
    finding = only(added_capabilities(compose(capabilities_added=("NET_ADMIN",)), policy()))
    assert finding.message == "the Compose file adds the capability NET_ADMIN"
    assert finding.location == "compose.yaml:6"
    assert "cap_add" in finding.remedy


def test_what_is_shared_of_the_host_is_found() -> None:
    share = HostShare(what="the host's pid namespace", got="pid: host", location="compose.yaml:9")
    finding = only(added_capabilities(replace(compose(), host_shares=(share,)), policy()))
    assert finding.message == "the Compose file gives the container the host's pid namespace"


def test_capabilities_that_are_not_dropped_are_found_in_cap_drop() -> None:
    finding = only(undropped_capabilities(compose(capabilities_dropped=())))
    assert (finding.location, finding.expected) == ("compose.yaml:7", 'cap_drop: ["ALL"]')


def test_a_user_that_is_root_is_found() -> None:
    finding = only(declared_strangers(image(), compose(user="0:0"), dockerfile(), policy()))
    assert finding.message.startswith("the Compose file declares")
    assert finding.location == "compose.yaml:3"


@pytest.mark.parametrize(
    "check", [None, HealthCheck(command=(), interval_s=5, timeout_s=5, retries=1, start_period_s=0)]
)
def test_no_health_check_of_its_own_leaves_the_images_on(check: HealthCheck | None) -> None:
    assert missing_task_health_check(compose(health_check=check)) == []


def test_a_health_check_that_is_switched_off_is_found() -> None:
    finding = only(missing_task_health_check(compose(health_check=health_check("NONE"))))
    assert finding.message == "the Compose file switches the image's health check off"
    assert (finding.location, finding.got) == ("compose.yaml:8", "NONE")


def test_what_is_seen_of_a_run_is_said_in_its_words_too() -> None:
    ill = life(
        process(uids=(0,) * 4, capabilities=(("bounding", ("CHOWN",)), *NO_CAPABILITY[1:])),
        answered=False,
        failure="it ended",
        root_options=("rw",),
        locations=LOCATIONS,
    )
    found = [*confinement_breaks(ill), *processes_outside(ill, policy()), *kept_capabilities(ill, policy())]
    assert [only([each]).location for each in found] == [
        *("compose.yaml:2", "compose.yaml:4", "compose.yaml:3", "compose.yaml:7"),
    ]
    assert "its Compose file's settings" in found[0].message
    assert found[1].remedy.startswith("Set read_only to true")


def test_a_health_check_belongs_to_the_file_or_to_the_image() -> None:
    ill = life(went_healthy=False, went_unhealthy=False, locations=LOCATIONS)
    assert only(never_healthy(ill)).message.startswith("the Compose file's health check never")
    inherited = locations_of(compose(health_check=None), dockerfile())
    finding = only(never_healthy(replace(ill, locations=inherited)))
    assert finding.message.startswith("the image's health check never")
    assert finding.location == "apps/orders/Dockerfile:5"


def test_a_root_that_may_be_written_to_is_found_at_read_only() -> None:
    seen = replace(attempts(attempt("root-filesystem", refused=False)), locations=LOCATIONS)
    finding = only(granted_attempts(seen, "root-filesystem"))
    assert (finding.location, finding.remedy) == ("compose.yaml:4", "Set read_only to true in the Compose file.")


def test_a_dangerous_variable_is_found_in_environment() -> None:
    service = compose(environment=(("NODE_OPTIONS", "--inspect"),))
    orders = Workload.model_construct(name="orders", stage=None)
    finding = only(unsafe_settings(contents(archive()), image(), service, dockerfile(), orders, policy()))
    assert finding.location == "compose.yaml:9"
