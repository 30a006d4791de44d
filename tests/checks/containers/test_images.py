"""Rules on builds and on files that give privileges away."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import failed_builds, privileged_files
from tests.checks.containers.builders import build, image, policy, privileged_file


def test_a_build_that_succeeded_has_no_finding() -> None:
    assert failed_builds(build()) == []


def test_a_build_that_failed_is_a_finding_with_place_and_reason() -> None:
    (finding,) = failed_builds(build(image_id="", failure="npm ci failed", failed_at="apps/orders/Dockerfile:7"))
    assert finding.location == "apps/orders/Dockerfile:7"
    assert finding.message == "the image of orders does not build from a clean clone"
    assert finding.got == "npm ci failed"


def test_a_failure_counts_even_beside_an_image_id() -> None:
    assert len(failed_builds(build(failure="killed", failed_at="Dockerfile:1"))) == 1


def test_an_image_without_privileged_files_has_no_finding() -> None:
    assert privileged_files(image(), policy()) == []


@pytest.mark.parametrize(
    ("facts", "got"),
    [
        ({"mode": 0o4755}, "setuid 0, mode 4755"),
        ({"mode": 0o2755, "gid": 42}, "setgid 42, mode 2755"),
        ({"mode": 0o6711, "uid": 3, "gid": 4}, "setuid 3, setgid 4, mode 6711"),
        ({"mode": 0o755, "capabilities": b"\x01"}, "file capabilities, mode 0755"),
    ],
)
def test_each_way_of_giving_privileges_is_a_finding(facts: dict[str, object], got: str) -> None:
    (finding,) = privileged_files(image(privileged_files=(privileged_file("/bin/ping", **facts),)), policy())
    assert finding.location == "image:/bin/ping"
    assert finding.got == got
    assert finding.expected == "no such file"
    assert "/bin/ping" in finding.message


def test_a_file_that_the_policy_lists_is_no_finding_and_the_others_still_are() -> None:
    seen = image(privileged_files=(privileged_file("/bin/ping"), privileged_file("/bin/su")))
    (finding,) = privileged_files(seen, policy(allow_setuid=["/bin/ping"]))
    assert finding.location == "image:/bin/su"
    assert finding.expected == "no such file but /bin/ping"


@pytest.mark.parametrize("listed", ["/bin", "/bin/su-other", "/usr/bin/su", "/bin/s"])
def test_only_the_whole_path_of_a_file_allows_it(listed: str) -> None:
    seen = image(privileged_files=(privileged_file("/bin/su"),))
    assert len(privileged_files(seen, policy(allow_setuid=[listed]))) == 1


def test_every_file_is_named() -> None:
    paths = [f"/bin/tool{number}" for number in range(12)]
    findings = privileged_files(image(privileged_files=tuple(map(privileged_file, paths))), policy())
    assert [finding.location for finding in findings] == [f"image:{path}" for path in paths]
