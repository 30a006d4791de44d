"""Rules on capabilities and the system-call filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exitgate.checks.containers import (
    added_capabilities,
    kept_capabilities,
    undropped_capabilities,
    unfiltered_system_calls,
)
from exitgate.observe.task_definition import HostShare, Neighbour
from tests.checks.containers.builders import LOCATIONS, NO_CAPABILITY, life, policy, process, task

SETS = [kind for kind, _ in NO_CAPABILITY]


def holding(kind: str, *names: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((each, names if each == kind else ()) for each in SETS)


def test_a_task_that_adds_nothing_has_no_finding() -> None:
    assert added_capabilities(task(capabilities_added=()), policy()) == []


@pytest.mark.parametrize("name", ["NET_ADMIN", "CAP_NET_ADMIN", "net_admin", "cap_net_admin", "ALL"])
def test_an_added_capability_is_a_finding_however_it_is_spelt(name: str) -> None:
    (finding,) = added_capabilities(task(capabilities_added=(name,)), policy(allow_capabilities=["CHOWN"]))
    plain = name.upper().removeprefix("CAP_")
    assert finding.location == "task.json:12"
    assert finding.got == plain
    assert finding.message == f"the task definition adds the capability {plain}"
    assert finding.expected == "only CHOWN"


@pytest.mark.parametrize("name", ["NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE", "net_bind_service"])
def test_a_capability_that_the_policy_allows_may_be_added_however_it_is_spelt(name: str) -> None:
    rules = policy(allow_capabilities=["NET_BIND_SERVICE"])
    assert added_capabilities(task(capabilities_added=(name,)), rules) == []


def test_each_added_capability_has_a_finding_of_its_own() -> None:
    findings = added_capabilities(
        task(capabilities_added=("SYS_ADMIN", "CHOWN", "BPF")), policy(allow_capabilities=["CHOWN"])
    )
    assert [finding.got for finding in findings] == ["SYS_ADMIN", "BPF"]


def test_all_is_not_allowed_by_allowing_one() -> None:
    rules = policy(allow_capabilities=["NET_RAW"])
    assert [finding.got for finding in added_capabilities(task(capabilities_added=("ALL",)), rules)] == ["ALL"]


def test_where_the_policy_allows_none_the_finding_expects_none() -> None:
    (finding,) = added_capabilities(task(capabilities_added=("CHOWN",)), policy())
    assert finding.expected == "none"


def test_a_privileged_task_is_a_finding_that_no_allowance_covers() -> None:
    (finding,) = added_capabilities(task(privileged=True), policy(allow_capabilities=["ALL", "SYS_ADMIN"]))
    assert finding.location == "task.json:8"
    assert finding.got == "privileged: true"


def test_a_privileged_task_that_also_adds_has_both_findings() -> None:
    assert len(added_capabilities(task(privileged=True, capabilities_added=("CHOWN",)), policy())) == 2


@pytest.mark.parametrize("dropped", [("ALL",), ("all",), ("NET_RAW", "ALL"), ("CAP_ALL",)])
def test_dropping_all_is_no_finding(dropped: tuple[str, ...]) -> None:
    assert undropped_capabilities(task(capabilities_dropped=dropped)) == []


@pytest.mark.parametrize(
    ("dropped", "got"),
    [((), "nothing dropped"), (("NET_RAW", "MKNOD"), "NET_RAW, MKNOD"), (("ALLOWED",), "ALLOWED")],
)
def test_dropping_less_than_all_is_a_finding(dropped: tuple[str, ...], got: str) -> None:
    (finding,) = undropped_capabilities(task(capabilities_dropped=dropped))
    assert finding.location == "task.json:13"
    assert finding.got == got


def test_a_privileged_task_drops_nothing_whatever_it_lists() -> None:
    (finding,) = undropped_capabilities(task(capabilities_dropped=("ALL",), privileged=True))
    assert finding.got == "privileged: true"


def test_processes_without_capabilities_have_no_finding() -> None:
    assert kept_capabilities(life(process(), process(pid=2)), policy()) == []


def test_without_a_process_there_is_nothing_to_find_in_capability_sets() -> None:
    assert kept_capabilities(life(), policy()) == []


@pytest.mark.parametrize("kind", SETS)
def test_a_capability_in_any_of_the_five_sets_is_a_finding(kind: str) -> None:
    (finding,) = kept_capabilities(life(process(capabilities=holding(kind, "NET_RAW"))), policy())
    assert finding.location == LOCATIONS.capabilities
    assert finding.message == f"process 'node' holds capabilities in its {kind} set"
    assert finding.got == "NET_RAW"
    assert finding.expected == "none"


def test_a_capability_that_the_policy_allows_may_be_held() -> None:
    seen = life(process(capabilities=holding("bounding", "CHOWN", "NET_RAW")))
    assert kept_capabilities(seen, policy(allow_capabilities=["CHOWN", "NET_RAW"])) == []


def test_of_a_set_only_what_is_not_allowed_is_named() -> None:
    seen = life(process(capabilities=holding("effective", "CHOWN", "NET_RAW", "BPF")))
    (finding,) = kept_capabilities(seen, policy(allow_capabilities=["NET_RAW"]))
    assert finding.got == "CHOWN, BPF"
    assert finding.expected == "only NET_RAW"


def test_a_later_process_is_judged_as_the_first_one_is() -> None:
    seen = life(process(), process(pid=2, command="helper", capabilities=holding("ambient", "KILL")))
    assert [finding.message for finding in kept_capabilities(seen, policy())] == [
        "process 'helper' holds capabilities in its ambient set"
    ]


def test_equal_processes_are_named_once() -> None:
    one = holding("effective", "KILL")
    assert len(kept_capabilities(life(process(capabilities=one), process(pid=2, capabilities=one)), policy())) == 1


def test_two_processes_of_one_name_hide_nothing_of_each_other() -> None:
    seen = life(
        process(capabilities=holding("effective", "NET_BIND_SERVICE")),
        process(pid=2, capabilities=holding("effective", "SYS_ADMIN")),
    )
    told = " ".join(finding.got for finding in kept_capabilities(seen, policy()))
    assert "NET_BIND_SERVICE" in told
    assert "SYS_ADMIN" in told


def test_filtered_processes_have_no_finding() -> None:
    assert unfiltered_system_calls(life(process(seccomp=2))) == []


def test_without_a_process_there_is_no_filter_to_miss() -> None:
    assert unfiltered_system_calls(life()) == []


@pytest.mark.parametrize("mode", [0, 1])
def test_a_process_without_a_filter_is_a_finding(mode: int) -> None:
    (finding,) = unfiltered_system_calls(life(process(), process(pid=2, command="shell", seccomp=mode)))
    assert finding.location == LOCATIONS.privileged
    assert finding.message == "process 'shell' runs without a system-call filter"


def test_unfiltered_processes_are_named_once_a_command_in_order() -> None:
    seen = life(
        process(command="b", seccomp=0), process(command="a", seccomp=0), process(command="b", pid=9, seccomp=0)
    )
    assert [finding.message.split("'")[1] for finding in unfiltered_system_calls(seen)] == ["a", "b"]


def test_what_is_given_of_the_host_is_a_finding_where_it_stands() -> None:
    share = HostShare(what="the host's pid namespace", got="pidMode: host", location="task.json:3")
    (finding,) = added_capabilities(replace(task(), host_shares=(share,)), policy(allow_capabilities=["ALL"]))
    assert (finding.location, finding.got) == ("task.json:3", "pidMode: host")
    assert finding.message == "the task definition gives the container the host's pid namespace"


def test_a_neighbour_with_privileges_is_a_finding_and_one_without_is_none() -> None:
    def beside(**facts: Any) -> list[str]:
        sound = {"name": "agent", "privileged": False, "capabilities_added": (), "location": "task.json:20"}
        other = Neighbour(**{**sound, **facts})
        found = added_capabilities(replace(task(), neighbours=(other,)), policy(allow_capabilities=["CHOWN"]))
        assert all(finding.location == "task.json:20" and "agent" in finding.message for finding in found)
        return [finding.got for finding in found]

    assert beside(capabilities_added=("CHOWN",)) == []
    assert beside(privileged=True, capabilities_added=("cap_sys_admin", "CHOWN")) == [
        "privileged: true",
        "adds SYS_ADMIN",
    ]
