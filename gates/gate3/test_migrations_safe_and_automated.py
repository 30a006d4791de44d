"""Criterion 4 of gate 3: migrations are safe and automated. Task 3.4 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.migrations import (
    disowned_migrations,
    late_migrations,
    other_ways,
    rewritable_histories,
    rewritten_migrations,
    shared_databases,
    undefined_rollbacks,
    unowned_services,
    unplanned_destructions,
    unsafe_commands,
)
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.codeowners import CodeOwners
from exitgate.observe.migrations.commands import Commands
from exitgate.observe.migrations.destructive import Destructions
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.history import MigrationHistory
from exitgate.observe.migrations.ownership import DatabaseOwnership
from exitgate.observe.migrations.tool import MigrationTool
from exitgate.observe.releases import Releases
from exitgate.policy import MigrationPolicy
from exitgate.target import Service, Target


@pytest.mark.check("3.4.A.1", "policy-declared")
def test_applied_migrations_are_never_changed_by_rule(target: Target) -> None:
    """The target's rules say that applied migrations are never changed, and from when on one counts as applied."""
    assert rewritable_histories(target) == []


@pytest.mark.check("3.4.A.1", "history-unchanged")
def test_no_applied_migration_was_changed(
    migration_history: MigrationHistory,
    migration_folder: MigrationFolder,
    migration_policy: MigrationPolicy,
    service: Service,
) -> None:
    """In git's history no migration was edited, renamed or removed after it counted as applied, and is so still."""
    assert rewritten_migrations(migration_history, migration_folder, migration_policy) == []


@pytest.mark.check("3.4.A.1", "order-kept")
def test_every_migration_came_after_the_applied_ones(
    migration_history: MigrationHistory, migration_folder: MigrationFolder, service: Service
) -> None:
    """In git's history every migration was added with a name that sorts after all that were applied."""
    assert late_migrations(migration_history, migration_folder) == []


@pytest.mark.check("3.4.A.2", "policy-declared")
def test_a_rollback_strategy_is_declared(target: Target) -> None:
    """The target's rules name how a schema change is taken back, and the steps out of a failed migration."""
    assert undefined_rollbacks(target) == []


@pytest.mark.check("3.4.A.2", "destructive-planned")
def test_what_takes_something_away_has_a_plan(
    destructions: Destructions,
    migration_folder: MigrationFolder,
    migration_policy: MigrationPolicy,
    releases: Releases,
    service: Service,
) -> None:
    """Every migration that drops, renames, narrows or rewrites has a plan that follows the strategy."""
    assert unplanned_destructions(destructions, migration_folder, migration_policy, releases) == []


@pytest.mark.check("3.4.A.3", "policy-declared")
def test_every_database_has_an_owner_by_rule(target: Target) -> None:
    """The target's rules name an owner for the migrations of every service that has a database."""
    assert unowned_services(target) == []


@pytest.mark.check("3.4.A.3", "codeowners-cover")
def test_codeowners_gives_the_migrations_to_their_owner(
    code_owners: CodeOwners, migration_settings: MigrationSettings, migration_policy: MigrationPolicy, service: Service
) -> None:
    """CODEOWNERS, read as GitHub reads it, gives every file of the migrations folder to the policy's owner."""
    assert disowned_migrations(code_owners, service.name, migration_settings.folder, migration_policy) == []


@pytest.mark.check("3.4.A.3", "one-database")
def test_no_other_service_uses_the_database(database_ownership: DatabaseOwnership, service: Service) -> None:
    """No other workload's settings or schema refer to the service's database."""
    assert shared_databases(database_ownership) == []


@pytest.mark.check("3.4.B.1", "no-unsafe-commands")
def test_no_command_changes_a_schema_without_a_migration(
    commands: Commands, migration_tools: tuple[MigrationTool, ...]
) -> None:
    """Outside of tests nothing runs a command that changes or drops a schema without a migration."""
    assert unsafe_commands(commands, migration_tools) == []


@pytest.mark.check("3.4.B.2", "way-declared")
def test_migrations_reach_databases_by_one_way(
    target: Target, commands: Commands, migration_policy: MigrationPolicy, migration_tools: tuple[MigrationTool, ...]
) -> None:
    """Migrations are deployed by the one way that the target's rules name, and by no other."""
    assert other_ways(commands, migration_policy, target.locate("policy", "migrations", "way")) == []
