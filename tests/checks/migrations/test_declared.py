"""Rules for what files say: owners, databases, commands, ways."""

from __future__ import annotations

import pytest

from exitgate.checks.migrations import disowned_migrations, other_ways, shared_databases, unsafe_commands
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.codeowners import parse_code_owners
from exitgate.observe.migrations.commands import Commands, CommandText, as_words
from exitgate.observe.migrations.files import FILES
from exitgate.observe.migrations.ownership import DatabaseOwnership, Reference
from exitgate.observe.migrations.tool import Commands as Script
from exitgate.observe.migrations.tool import Prisma
from exitgate.policy import MigrationPolicy

POLICY = MigrationPolicy.model_validate(
    {
        "forward_only": True,
        "applied_when": "merged",
        "release_tags": "v*",
        "rollback": "restore",
        "destructive_plan": "plan.md",
        "recovery": ["resolve {migration}"],
        "way": "startup",
        "concurrent_starts": 2,
        "owners": {"s": "@o/data"},
    }
)


def commands(*texts: tuple[str, str]) -> Commands:
    made = [CommandText(kind=kind, path="f", line=3, text=text, words=as_words(text)) for kind, text in texts]
    return Commands(substrate=FILES, texts=tuple(made))


def owned(text: str) -> list[str]:
    from dataclasses import replace

    owners = replace(parse_code_owners(text), files=("m/1/migration.sql", "src/x.ts"))
    return [each.got for each in disowned_migrations(owners, "s", "m", POLICY)]


def test_owners_of_migrations() -> None:
    assert owned("* @o/all\n/m/ @o/data\n") == []
    assert owned("/m/ @o/data\n* @o/all\n") == ["@o/all for m/1/migration.sql"]
    assert owned("") == ["nobody for m/1/migration.sql"]


def test_a_database_that_another_names() -> None:
    own = Reference(workload="s", what="its variable DATABASE_URL", value="pg/s", location="exitgate.toml:3")
    other = Reference(workload="t", what="its variable DATABASE_URL", value="pg/t", location="exitgate.toml:9")
    facts = DatabaseOwnership(substrate=FILES, service="s", own=(own,), others=(other,))
    assert shared_databases(facts) == []
    assert shared_databases(DatabaseOwnership(substrate=FILES, service="s", own=(own,), others=())) == []
    same = Reference(workload="t", what="x", value="pg/s", location="exitgate.toml:9")
    shared = DatabaseOwnership(substrate=FILES, service="s", own=(own,), others=(same,))
    assert [each.location for each in shared_databases(shared)] == ["exitgate.toml:9"]


def test_commands_that_have_no_place() -> None:
    assert unsafe_commands(commands(("script", "npx prisma migrate deploy")), (Prisma(),)) == []
    assert unsafe_commands(commands(), (Prisma(),)) == []
    text = '# never: prisma db push\nrun("prisma", ["migrate", "dev"])\nprisma db push --accept-data-loss\n'
    assert [each.location for each in unsafe_commands(commands(("code", text)), (Prisma(),))] == ["f:4", "f:5", "f:5"]


def test_one_way_and_no_other() -> None:
    assert other_ways(commands(("code", 'run("prisma", "migrate", "deploy")')), POLICY, "toml:1", (Prisma(),)) == []
    assert [each.location for each in other_ways(commands(), POLICY, "toml:1", (Prisma(),))] == ["toml:1"]
    both = commands(("code", "migrate deploy"), ("task definition", "prisma migrate deploy"))
    assert [each.location for each in other_ways(both, POLICY, "toml:1", (Prisma(),))] == ["f:3"]


def test_where_a_tool_is_run_that_nobody_knows_is_not_assessed_and_another_way_is_a_finding_all_the_same() -> None:
    script = Script(history_query="SELECT name FROM schema_version")
    with pytest.raises(PrerequisiteMissing, match="no `migrate deploy` by the policy's way, startup"):
        other_ways(commands(), POLICY, "toml:1", (script,))
    other = commands(("task definition", "prisma migrate deploy"))
    assert other_ways(other, POLICY, "toml:1", (script,))
