"""Rules of the criterion "migrations safe and automated"."""

from exitgate.checks.migrations.commands import other_ways, unsafe_commands
from exitgate.checks.migrations.history import late_migrations, rewritten_migrations
from exitgate.checks.migrations.owners import disowned_migrations, shared_databases
from exitgate.checks.migrations.plans import unplanned_destructions
from exitgate.checks.migrations.rules import rewritable_histories, undefined_rollbacks, unowned_services

__all__ = [
    "disowned_migrations",
    "late_migrations",
    "other_ways",
    "rewritable_histories",
    "rewritten_migrations",
    "shared_databases",
    "undefined_rollbacks",
    "unowned_services",
    "unplanned_destructions",
    "unsafe_commands",
]
