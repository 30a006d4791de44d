"""``[policy.migrations]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.policy_text import policy_of, refused

MIGRATIONS = """
[policy.migrations]
forward_only = true
applied_when = "merged"
release_tags = "v*"
rollback = "expand_contract"
releases_between = 1
destructive_plan = "plan.md"
recovery = ["prisma migrate resolve --rolled-back {migration}", "prisma migrate deploy"]
way = "startup"
concurrent_starts = 4

[policy.migrations.owners]
orders = "@shop/orders-data"

[policy.migrations.production_rows.orders]
Order = 2_000_000

[policy.migrations.locks]
lock_timeout_ms = 2_000
statement_timeout_ms = 60_000
longest_blocking_ms = 3_000
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    migrations = policy_of(tmp_path, MIGRATIONS).migrations
    assert migrations is not None
    assert migrations.locks is not None
    assert (migrations.rollback, migrations.releases_between, migrations.way) == ("expand_contract", 1, "startup")
    assert migrations.recovery[0].format(migration="1_a") == "prisma migrate resolve --rolled-back 1_a"
    assert migrations.owners == {"orders": "@shop/orders-data"}
    assert migrations.production_rows == {"orders": {"Order": 2_000_000}}
    assert migrations.locks.lock_timeout_ms == 2000


def test_what_is_left_out_is_a_rule_that_was_never_made(tmp_path: Path) -> None:
    assert policy_of(tmp_path, "").migrations is None
    migrations = policy_of(tmp_path, MIGRATIONS.partition("[policy.migrations.owners]")[0]).migrations
    assert migrations is not None
    assert (migrations.owners, migrations.production_rows, migrations.locks) == ({}, {}, None)
    assert migrations.applied_from is None
    assert (migrations.assumed_rows, migrations.growth_percent) == (1_000_000, 0)


def test_a_restore_needs_no_releases_between(tmp_path: Path) -> None:
    text = MIGRATIONS.replace('"expand_contract"\nreleases_between = 1', '"restore"')
    migrations = policy_of(tmp_path, text).migrations
    assert migrations is not None
    assert migrations.releases_between is None


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got", "expected"),
    [
        ("forward_only = true", "forward_only = 1", "forward_only", "policy.migrations.forward_only = 1", "boolean"),
        ('"merged"', '"deployed"', "applied_when", "policy.migrations.applied_when = 'deployed'", "'released'"),
        ("releases_between = 1\n", "", "rollback", "rollback = 'expand_contract' without releases_between", "expand_contract"),
        ('"expand_contract"', '"restore"', "releases_between", "rollback = 'restore' with releases_between", "nothing else"),
        ("releases_between = 1", "releases_between = 0", "releases_between", "policy.migrations.releases_between = 0", "1"),
        ("{migration}", "{name}", "recovery", "policy.migrations.recovery = ", "{migration} and {service} alone"),
        ("{migration}", "{", "recovery", "policy.migrations.recovery = ", "braces are in pairs"),
        ('"startup"', '"by hand"', "way", "policy.migrations.way = 'by hand'", "'one_off_task'"),
        ("concurrent_starts = 4", "concurrent_starts = 1", "concurrent_starts", "policy.migrations.concurrent_starts", "2"),
        ('"@shop/orders-data"', '"orders team"', "orders", "policy.migrations.owners.orders = 'orders team'", "pattern"),
        ("orders = ", "shell = ", "shell", "a rule for the service 'shell', which is not there", "billing, orders"),
        ("Order = 2_000_000", "Order = -1", "Order", "policy.migrations.production_rows.orders.Order = -1", "equal to 1"),
        ("production_rows.orders", "production_rows.web", "[policy.mig", "a rule for the service 'web'", "billing"),
        ("= 2_000\n", "= 60_000\n", "lock_timeout_ms", "lock_timeout_ms = 60000 with statement_timeout_ms", "less"),
        ("= 3_000\n", "= 1_000\n", "longest_blocking_ms", "longest_blocking_ms = 1000 with lock_timeout_ms", "as much"),
        ("lock_timeout_ms = 2_000", "lock_timeout_s = 2", "lock_timeout_s", "unknown key", "'lock_timeout_ms'"),
        ("= 2_000\n", '= "2s"\n', "lock_timeout_ms", "policy.migrations.locks.lock_timeout_ms = '2s'", "integer"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: str, got: str, expected: str
) -> None:
    told = refused(tmp_path, MIGRATIONS, right, wrong)
    assert told[0].startswith(line)
    assert told[1].startswith(got)
    assert expected in told[2]
