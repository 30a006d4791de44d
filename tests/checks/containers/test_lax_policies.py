"""Rules on the target's own policy for containers."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from exitgate.checks.containers import lax_policies
from exitgate.target import Configuration, Target

HEAD = '[target]\nname = "shop"\n'


def target(text: str) -> Target:
    return Target(
        directory=Path("/nowhere"), configuration=Configuration.model_validate(tomllib.loads(text)), source=text
    )


def with_policy(uid: str = "[1, 2]", gid: str = "[1, 2]", allow: str = "[]") -> Target:
    table = f"[policy.containers]\nuid_range = {uid}\ngid_range = {gid}\nallow_capabilities = {allow}\n"
    return target(f"{HEAD}\n{table}")


def test_a_policy_that_starts_above_root_has_no_finding() -> None:
    assert lax_policies(with_policy()) == []


def test_a_target_without_a_policy_is_a_finding() -> None:
    (finding,) = lax_policies(target(HEAD))
    assert finding.message == "no non-root execution policy is defined"
    assert finding.location == "exitgate.toml:1"


def test_a_policy_of_other_things_is_still_none_for_containers() -> None:
    (finding,) = lax_policies(target(f'{HEAD}\n[policy.assurance]\n"3.2.A.2" = "executed"\n'))
    assert finding.message == "no non-root execution policy is defined"


@pytest.mark.parametrize(
    ("ranges", "key", "line", "got"),
    [
        ({"uid": "[0, 65535]"}, "uid_range", 5, "0-65535"),
        ({"gid": "[0, 0]"}, "gid_range", 6, "0-0"),
    ],
)
def test_a_range_that_holds_root_is_a_finding_at_its_line(
    ranges: dict[str, str], key: str, line: int, got: str
) -> None:
    (finding,) = lax_policies(with_policy(**ranges))
    assert finding.location == f"exitgate.toml:{line}"
    assert finding.message == f"the policy's {key} lets root in"
    assert finding.got == got


def test_both_ranges_are_judged() -> None:
    assert len(lax_policies(with_policy(uid="[0, 9]", gid="[0, 9]"))) == 2


@pytest.mark.parametrize(
    "capability",
    ["SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "DAC_READ_SEARCH", "DAC_OVERRIDE", "SETUID", "NET_ADMIN", "MKNOD", "ALL"],
)
def test_an_allowed_capability_that_undoes_the_confinement_is_a_finding(capability: str) -> None:
    (finding,) = lax_policies(with_policy(allow=f'["NET_BIND_SERVICE", "{capability}"]'))
    assert finding.got == capability
    assert finding.location == "exitgate.toml:7"


def test_a_harmless_capability_may_be_allowed() -> None:
    assert lax_policies(with_policy(allow='["NET_BIND_SERVICE", "CHOWN"]')) == []
