"""Rules of the criterion "migrations safe and automated"."""

from exitgate.checks.migrations.commands import other_ways, unsafe_commands
from exitgate.checks.migrations.deployed import undeployed_migrations
from exitgate.checks.migrations.failures import endless_waits, unnoticed_failures, unnoticed_refusals
from exitgate.checks.migrations.history import late_migrations, rewritten_migrations
from exitgate.checks.migrations.live import overtaken_migrations, strayed_databases
from exitgate.checks.migrations.locks import long_locks
from exitgate.checks.migrations.owners import disowned_migrations, shared_databases
from exitgate.checks.migrations.plans import unplanned_destructions
from exitgate.checks.migrations.predecessor_tests import broken_predecessor_tests
from exitgate.checks.migrations.rollback import broken_predecessors, disturbed_releases, unclean_recoveries
from exitgate.checks.migrations.rules import rewritable_histories, undefined_rollbacks, unowned_services
from exitgate.checks.migrations.staging import drifts, failing_migrations, lossy_upgrades
from exitgate.checks.migrations.starts import (
    early_listeners,
    repeated_migrations,
    stuck_starts,
    surviving_starts,
    unsafe_contention,
)

__all__ = [
    "broken_predecessor_tests",
    "broken_predecessors",
    "disowned_migrations",
    "disturbed_releases",
    "drifts",
    "early_listeners",
    "endless_waits",
    "failing_migrations",
    "late_migrations",
    "long_locks",
    "lossy_upgrades",
    "other_ways",
    "overtaken_migrations",
    "repeated_migrations",
    "rewritable_histories",
    "rewritten_migrations",
    "shared_databases",
    "strayed_databases",
    "stuck_starts",
    "surviving_starts",
    "unclean_recoveries",
    "undefined_rollbacks",
    "undeployed_migrations",
    "unnoticed_failures",
    "unnoticed_refusals",
    "unowned_services",
    "unplanned_destructions",
    "unsafe_commands",
    "unsafe_contention",
]
