"""``[policy.containers]``: what came to it beside the ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.policy_text import policy_of, refused

DIGEST = f"sha256:{'a' * 64}"
CONTAINERS = f"""
[[policy.containers.base_image]]
repository = "gcr.io/distroless/nodejs22-debian12"
tag = "nonroot"
digests = ["{DIGEST}"]

[policy.containers.size_budget_bytes]
orders = 260_000_000

[[policy.containers.allow_content]]
workload = "billing"
path = "/app/node_modules/prisma/*"
reason = "a reason"

[policy.containers.vulnerabilities]
max_age_days = {{ critical = 2, high = 14 }}
misconfiguration_severity = "medium"
database_max_age_hours = 48
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    containers = policy_of(tmp_path, CONTAINERS).containers
    assert containers is not None
    assert containers.vulnerabilities is not None
    assert [image.digests for image in containers.base_image] == [(DIGEST,)]
    assert containers.size_budget_bytes == {"orders": 260_000_000}
    assert containers.allow_content[0].path == "/app/node_modules/prisma/*"
    assert containers.vulnerabilities.severity == "high"
    assert containers.vulnerabilities.max_age_days == {"critical": 2, "high": 14}


def test_what_is_left_out_is_a_rule_that_was_never_made(tmp_path: Path) -> None:
    containers = policy_of(tmp_path, "").containers
    assert containers is not None
    assert (containers.base_image, containers.size_budget_bytes, containers.allow_content) == ((), {}, ())
    assert containers.vulnerabilities is None


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got", "expected"),
    [
        (DIGEST, "sha256:abc", "digests", "policy.containers.base_image.0.digests.0 = 'sha256:abc'", "pattern"),
        (f'["{DIGEST}"]', "[]", "digests", "policy.containers.base_image.0.digests = []", "at least 1"),
        (f'["{DIGEST}"]', f'["{DIGEST}", "{DIGEST}"]', "digests", f"'{DIGEST}' twice", "each once"),
        ('debian12"', f'debian12@{DIGEST}"', "repository", "policy.containers.base_image.0.repository", "pattern"),
        ("orders = 260_000_000", "orders = 0", "orders", "policy.containers.size_budget_bytes.orders = 0", "than or equal"),
        ("260_000_000", '"260 MB"', "orders", "policy.containers.size_budget_bytes.orders = '260 MB'", "integer"),
        ("orders = 260", "ordres = 260", "ordres", "a rule for the workload 'ordres', which is not there", "orders"),
        ('"billing"', '"cart"', "workload", "a rule for the workload 'cart', which is not there", "billing, orders, web"),
        ('"/app/node_modules/prisma/*"', '"/*"', "path", "policy.containers.allow_content.0.path = '/*'", "pattern"),
        ('"/app/node_modules/prisma/*"', '"/[a-z]*/x"', "path", "policy.containers.allow_content.0.path", "pattern"),
        ('"/app/', '"app/', "path", "policy.containers.allow_content.0.path = 'app", "pattern"),
        ("critical = 2", "critical = 30", "max_age_days", "critical may stand for 30 days, high for 14", "at most 14"),
        ("critical = 2, ", "", "max_age_days", "a limit for high and none for critical", "every severity above"),
        ("critical = 2", "grave = 2", "max_age_days", "policy.containers.vulnerabilities.max_age_days", "'critical'"),
        ("= 48", "= 0.5", "database", "policy.containers.vulnerabilities.database_max_age_hours = 0.5", "integer"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: str, got: str, expected: str
) -> None:
    told = refused(tmp_path, CONTAINERS, right, wrong)
    assert told[0].startswith(line)
    assert told[1].startswith(got)
    assert expected in told[2]
