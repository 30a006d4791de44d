"""Rules of the criterion "infrastructure reproducible"."""

from exitgate.checks.infrastructure.applied import (
    failed_destroy,
    left_after_destroy,
    missed_drift,
    unequal_applies,
    unexplained_drift,
    unsettled_plan,
)
from exitgate.checks.infrastructure.balancer import unrouted_workloads, unsound_balancers
from exitgate.checks.infrastructure.cluster import missing_clusters, workloads_off_fargate
from exitgate.checks.infrastructure.code import lax_flows, undeclared_infrastructure, unlocked_code
from exitgate.checks.infrastructure.connections import unconnected_flows, unlisted_connections
from exitgate.checks.infrastructure.data import (
    literal_users,
    open_brokers,
    open_caches,
    plain_caches,
    unlogged_brokers,
)
from exitgate.checks.infrastructure.databases import Stores, shared_databases, unprotected_databases
from exitgate.checks.infrastructure.decisions import wrong_decisions
from exitgate.checks.infrastructure.escapes import changing_values, escaping_code, hidden_changes, open_locks
from exitgate.checks.infrastructure.flows import (
    impossible_flows,
    pictured_networks,
    planned_networks,
    unlisted_flows,
)
from exitgate.checks.infrastructure.network import exposed_tiers, foreign_networks
from exitgate.checks.infrastructure.read_back import (
    changed_balancers,
    changed_brokers,
    changed_caches,
    changed_clusters,
    changed_databases,
    changed_definitions,
    changed_execution_roles,
    changed_listeners,
    changed_task_roles,
    foreign_roles,
)
from exitgate.checks.infrastructure.regions import strays_of_region
from exitgate.checks.infrastructure.rights import allowed_beyond_need, unneeded_secrets
from exitgate.checks.infrastructure.role_trials import answered_beyond_need, refused_needs, taken_roles
from exitgate.checks.infrastructure.roles import loose_trust, rights_beyond_need, shared_roles
from exitgate.checks.infrastructure.sample import (
    failed_starts,
    idle_dependencies,
    planned_definitions,
    planned_sample,
    unanswered_requests,
)
from exitgate.checks.infrastructure.scan import both, counted, disputed, disputed_databases
from exitgate.checks.infrastructure.tls import plain_forwards, served_without_tls

__all__ = [
    "Stores",
    "allowed_beyond_need",
    "answered_beyond_need",
    "both",
    "changed_balancers",
    "changed_brokers",
    "changed_caches",
    "changed_clusters",
    "changed_databases",
    "changed_definitions",
    "changed_execution_roles",
    "changed_listeners",
    "changed_task_roles",
    "changing_values",
    "counted",
    "disputed",
    "disputed_databases",
    "escaping_code",
    "exposed_tiers",
    "failed_destroy",
    "failed_starts",
    "foreign_networks",
    "foreign_roles",
    "hidden_changes",
    "idle_dependencies",
    "impossible_flows",
    "lax_flows",
    "left_after_destroy",
    "literal_users",
    "loose_trust",
    "missed_drift",
    "missing_clusters",
    "open_brokers",
    "open_caches",
    "open_locks",
    "pictured_networks",
    "plain_caches",
    "plain_forwards",
    "planned_definitions",
    "planned_networks",
    "planned_sample",
    "refused_needs",
    "rights_beyond_need",
    "served_without_tls",
    "shared_databases",
    "shared_roles",
    "strays_of_region",
    "taken_roles",
    "unanswered_requests",
    "unconnected_flows",
    "undeclared_infrastructure",
    "unequal_applies",
    "unexplained_drift",
    "unlisted_connections",
    "unlisted_flows",
    "unlocked_code",
    "unlogged_brokers",
    "unneeded_secrets",
    "unprotected_databases",
    "unrouted_workloads",
    "unsettled_plan",
    "unsound_balancers",
    "workloads_off_fargate",
    "wrong_decisions",
]
