"""Criterion 4 of gate 3: migrations are safe and automated. Task 3.4 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.migrations import (
    broken_predecessor_tests,
    broken_predecessors,
    disowned_migrations,
    disturbed_releases,
    drifts,
    early_listeners,
    endless_waits,
    failing_migrations,
    late_migrations,
    long_locks,
    lossy_upgrades,
    other_ways,
    overtaken_migrations,
    repeated_migrations,
    rewritable_histories,
    rewritten_migrations,
    shared_databases,
    strayed_databases,
    stuck_starts,
    surviving_starts,
    unclean_recoveries,
    undefined_rollbacks,
    undeployed_migrations,
    unnoticed_failures,
    unnoticed_refusals,
    unowned_services,
    unplanned_destructions,
    unsafe_commands,
    unsafe_contention,
)
from exitgate.checks.pipeline import unblocked_failures
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.codeowners import CodeOwners
from exitgate.observe.migrations.commands import Commands
from exitgate.observe.migrations.deployed import CiDeployment
from exitgate.observe.migrations.destructive import Destructions
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.history import MigrationHistory
from exitgate.observe.migrations.live import LiveDatabase
from exitgate.observe.migrations.measured import Measurements
from exitgate.observe.migrations.ownership import DatabaseOwnership
from exitgate.observe.migrations.predecessor_tests import PredecessorTests
from exitgate.observe.migrations.rollback import Rollback
from exitgate.observe.migrations.simulations import Simulations
from exitgate.observe.migrations.starts import BlockedStart, StartRace
from exitgate.observe.migrations.tool import MigrationTool
from exitgate.observe.migrations.upgrades import StagingRun
from exitgate.observe.releases import Releases
from exitgate.observe.workflow_run import ChangeTrials
from exitgate.policy import LockPolicy, MigrationPolicy
from exitgate.target import Service, Target

pytest_plugins = ("exitgate.fixtures.migrations", "exitgate.fixtures.workflow_run")


@pytest.mark.check("3.4.A.1", "policy-declared")
def test_applied_migrations_are_never_changed_by_rule(target: Target) -> None:
    """The target's rules say that applied migrations are never changed, and from when on one counts as applied."""
    assert rewritable_histories(target) == []


@pytest.mark.check("3.4.A.1", "history-unchanged")
def test_no_applied_migration_was_changed(
    migration_history: MigrationHistory,
    live_database: LiveDatabase | None,
    migration_folder: MigrationFolder,
    migration_policy: MigrationPolicy,
    service: Service,
) -> None:
    """In git's history no migration was edited, renamed or removed after it counted as applied, and the live database agrees."""
    rewritten = rewritten_migrations(migration_history, migration_folder, migration_policy)
    assert rewritten + strayed_databases(live_database, migration_folder, migration_policy) == []


@pytest.mark.check("3.4.A.1", "order-kept")
def test_every_migration_came_after_the_applied_ones(
    migration_history: MigrationHistory,
    live_database: LiveDatabase | None,
    migration_folder: MigrationFolder,
    service: Service,
) -> None:
    """In git's history, and for the live database, every migration has a name that sorts after all that were applied."""
    late = late_migrations(migration_history, migration_folder)
    assert late + overtaken_migrations(live_database, migration_folder) == []


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


@pytest.mark.check("3.4.B.1", "workflow-deploys")
def test_ci_applies_every_migration(
    ci_deployment: CiDeployment, migration_folders: tuple[MigrationFolder, ...]
) -> None:
    """CI applies the migrations of each service to a real PostgreSQL, whose own list has every one of them as finished."""
    assert undeployed_migrations(ci_deployment, migration_folders) == []


@pytest.mark.check("3.4.B.1", "failure-blocks")
def test_ci_keeps_out_a_migration_that_fails(failing_deployments: ChangeTrials) -> None:
    """A migration that fails, of each service in turn, fails the required check at the step that applies it, and is not merged."""
    assert unblocked_failures(failing_deployments) == []


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
    assert other_ways(commands, migration_policy, target.locate("policy", "migrations", "way"), migration_tools) == []


@pytest.mark.check("3.4.B.2", "applied-once")
def test_each_migration_is_applied_once_by_many(
    start_race: StartRace, migration_settings: MigrationSettings, service: Service
) -> None:
    """Of replicas that start at once, each comes up, and each migration is applied once."""
    assert repeated_migrations(start_race, migration_settings.folder) == []


@pytest.mark.check("3.4.B.2", "contention-safe")
def test_no_replica_serves_ahead_of_its_migrations(
    start_race: StartRace, migration_settings: MigrationSettings, service: Service
) -> None:
    """While a stranger holds the lock nothing is served; once it is free the migrations finish."""
    assert unsafe_contention(start_race, migration_settings.folder) == []


@pytest.mark.check("3.4.B.3", "exits-non-zero")
def test_a_failing_migration_ends_the_process(
    blocked_start: BlockedStart, migration_settings: MigrationSettings, service: Service
) -> None:
    """With a failing migration the process exits non-zero, and says something of it."""
    assert surviving_starts(blocked_start, migration_settings.folder) == []


@pytest.mark.check("3.4.B.3", "never-answers")
def test_a_failing_migration_keeps_the_port_closed(
    blocked_start: BlockedStart, migration_settings: MigrationSettings, service: Service
) -> None:
    """With a failing migration the new version never listens and never answers."""
    assert early_listeners(blocked_start, migration_settings.folder) == []


@pytest.mark.check("3.4.B.3", "starts-when-mended")
def test_the_service_starts_when_mended(
    blocked_start: BlockedStart, migration_settings: MigrationSettings, service: Service
) -> None:
    """With the migration mended and the recovery followed, the service starts."""
    assert stuck_starts(blocked_start, migration_settings.folder) == []


@pytest.mark.check("3.4.C.1", "from-empty")
def test_all_migrations_apply_to_an_empty_database(
    staging_run: StagingRun, migration_settings: MigrationSettings, service: Service
) -> None:
    """All migrations apply to an empty PostgreSQL."""
    assert failing_migrations(staging_run, migration_settings.folder) == []


@pytest.mark.check("3.4.C.1", "from-previous-release")
def test_the_upgrade_keeps_the_data(
    upgraded: StagingRun, migration_settings: MigrationSettings, service: Service
) -> None:
    """The migrations since the previous release apply to its schema with data, and keep it."""
    assert lossy_upgrades(upgraded, migration_settings.folder) == []


@pytest.mark.check("3.4.C.1", "drift-free")
def test_the_database_is_what_the_schema_says(
    staging_run: StagingRun, migration_settings: MigrationSettings, service: Service
) -> None:
    """After both runs the database is what the schema says."""
    assert drifts(staging_run, migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "syntax-error")
def test_a_syntax_error_is_noticed(
    simulations: Simulations, migration_settings: MigrationSettings, service: Service
) -> None:
    """A syntax error ends the deployment, is recorded, and stops there."""
    assert unnoticed_failures(simulations, "syntax-error", migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "constraint-violation")
def test_a_violated_constraint_is_noticed(
    simulations: Simulations, migration_settings: MigrationSettings, service: Service
) -> None:
    """A violated constraint ends the deployment, is recorded, and changes no data."""
    assert unnoticed_failures(simulations, "constraint-violation", migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "connection-cut")
def test_a_cut_connection_is_noticed(
    simulations: Simulations, migration_settings: MigrationSettings, service: Service
) -> None:
    """A cut connection ends the deployment, and nothing is recorded as finished."""
    assert unnoticed_failures(simulations, "connection-cut", migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "killed-process")
def test_a_killed_process_is_noticed(
    simulations: Simulations, migration_settings: MigrationSettings, service: Service
) -> None:
    """A killed migrator leaves nothing recorded as finished, and no lock."""
    assert unnoticed_failures(simulations, "killed-process", migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "storage-or-permission")
def test_a_refused_permission_and_a_full_disk_are_noticed(
    simulations: Simulations, migration_settings: MigrationSettings, service: Service
) -> None:
    """A permission refused, and a disk that is full, end the deployment, are recorded, and change no data."""
    assert unnoticed_refusals(simulations, migration_settings.folder) == []


@pytest.mark.check("3.4.C.2", "lock-timeout")
def test_no_migration_waits_for_ever(
    simulations: Simulations,
    lock_policy: LockPolicy,
    migration_settings: MigrationSettings,
    service: Service,
) -> None:
    """A migration that waits for a table gives up within the policy's lock timeout, and that ends the deployment."""
    assert endless_waits(simulations, lock_policy, migration_settings.folder) == []


@pytest.mark.check("3.4.C.3", "old-release-serves")
def test_the_previous_release_serves_on(
    rollback: Rollback,
    simulations: Simulations,
    measurements: Measurements,
    lock_policy: LockPolicy,
    migration_settings: MigrationSettings,
    service: Service,
) -> None:
    """The previous release answers without error while a migration fails, and after, and no migration keeps it out for long."""
    assert (
        disturbed_releases(rollback, simulations, migration_settings.folder) + long_locks(measurements, lock_policy)
        == []
    )


@pytest.mark.check("3.4.C.3", "recovery-clean")
def test_the_documented_recovery_ends_clean(
    rollback: Rollback, migration_settings: MigrationSettings, service: Service
) -> None:
    """The documented recovery leaves no drift, no unsettled migration, and all data."""
    assert unclean_recoveries(rollback, migration_settings.folder) == []


@pytest.mark.check("3.4.C.3", "previous-code-compatible")
def test_the_previous_release_works_on_the_new_schema(
    rollback: Rollback, migration_settings: MigrationSettings, service: Service
) -> None:
    """The previous release passes its own requests on the new release's schema."""
    assert broken_predecessors(rollback, migration_settings.folder) == []


@pytest.mark.check("3.4.C.3", "previous-tests-pass")
def test_the_previous_releases_tests_pass_on_the_new_schema(
    predecessor_tests: PredecessorTests, migration_settings: MigrationSettings, service: Service
) -> None:
    """The previous release's own integration tests pass on the new release's schema."""
    assert broken_predecessor_tests(predecessor_tests, migration_settings.folder) == []
