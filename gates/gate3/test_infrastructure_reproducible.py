"""Criterion "infrastructure reproducible": what the infrastructure code plans is what the policy asks for."""

from __future__ import annotations

import pytest

from exitgate.checks.infrastructure import (
    Stores,
    allowed_beyond_need,
    answered_beyond_need,
    both,
    changed_balancers,
    changed_brokers,
    changed_caches,
    changed_clusters,
    changed_databases,
    changed_definitions,
    changed_execution_roles,
    changed_listeners,
    changed_task_roles,
    changing_values,
    disputed,
    disputed_databases,
    escaping_code,
    exposed_tiers,
    failed_destroy,
    failed_starts,
    foreign_networks,
    foreign_roles,
    hidden_changes,
    idle_dependencies,
    impossible_flows,
    lax_flows,
    left_after_destroy,
    literal_users,
    loose_trust,
    missed_drift,
    missing_clusters,
    open_brokers,
    open_caches,
    open_locks,
    plain_caches,
    plain_forwards,
    refused_needs,
    rights_beyond_need,
    served_without_tls,
    shared_databases,
    shared_roles,
    strays_of_region,
    taken_roles,
    unanswered_requests,
    unconnected_flows,
    undeclared_infrastructure,
    unequal_applies,
    unexplained_drift,
    unlisted_connections,
    unlisted_flows,
    unlocked_code,
    unlogged_brokers,
    unneeded_secrets,
    unprotected_databases,
    unrouted_workloads,
    unsettled_plan,
    unsound_balancers,
    workloads_off_fargate,
    wrong_decisions,
)
from exitgate.observe.applied import Applied, ReadBack, RoleTrials
from exitgate.observe.connections import Connections
from exitgate.observe.sample_start import SampleStart
from exitgate.observe.sample_work import SampleWork
from exitgate.observe.terraform import CodeScan, Infrastructure, Locks
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Target, Workload

pytest_plugins = ("exitgate.fixtures.infrastructure", "exitgate.fixtures.sample")


@pytest.mark.check("3.3.A.1", "policy-declared")
def test_regions_are_declared(target: Target) -> None:
    """The target's rules list the AWS regions in which it may stand."""
    assert undeclared_infrastructure(target, "regions") == []


@pytest.mark.check("3.3.A.1", "resources-in-region")
def test_everything_stands_in_an_allowed_region(
    planned: Infrastructure, infrastructure_policy: InfrastructurePolicy
) -> None:
    """Every planned resource and ARN stands in an allowed region or belongs to a listed global service."""
    assert strays_of_region(planned, infrastructure_policy) == []


@pytest.mark.check("3.3.A.2", "policy-declared")
def test_the_network_is_declared(target: Target) -> None:
    """The target's rules give the network's ranges, zones and tiers."""
    assert undeclared_infrastructure(target, "network") == []


@pytest.mark.check("3.3.A.2", "network-conforms")
def test_the_network_is_the_policys(planned: Infrastructure, network_policy: InfrastructurePolicy) -> None:
    """The planned VPC and subnets are exactly those of the policy."""
    assert foreign_networks(planned, network_policy) == []


@pytest.mark.check("3.3.A.2", "private-tiers-isolated")
def test_private_tiers_lead_to_no_internet_gateway(
    routes: Infrastructure, network_policy: InfrastructurePolicy
) -> None:
    """No subnet of a private tier has a route to an internet gateway, by its own route table or the main one."""
    assert exposed_tiers(routes, network_policy) == []


@pytest.mark.check("3.3.A.3", "policy-declared")
def test_flows_are_declared(target: Target) -> None:
    """The target's rules list who may reach whom."""
    assert lax_flows(target) == []


@pytest.mark.check("3.3.A.3", "allowed-flows-open")
def test_every_listed_flow_is_possible(
    reachable: Infrastructure, flow_policy: InfrastructurePolicy, target: Target
) -> None:
    """Every flow of the target's rules gets through the planned groups, routes and network ACLs, and its answers come back."""
    assert impossible_flows(reachable, flow_policy, target.workloads) == []


@pytest.mark.check("3.3.A.3", "other-flows-closed")
def test_no_other_flow_is_possible(
    reachable: Infrastructure, flow_policy: InfrastructurePolicy, target: Target
) -> None:
    """Nothing that the target's rules do not list gets through, from any planned end or address, to any, on any port."""
    assert unlisted_flows(reachable, flow_policy, target.workloads) == []


@pytest.mark.check("3.3.B.1.1", "planned")
def test_a_fargate_cluster_is_planned(planned: Infrastructure, target: Target) -> None:
    """Every stack plans an ECS cluster with Fargate's capacity and no other, and no task but those of the target's workloads."""
    assert missing_clusters(planned, target.workloads) == []


@pytest.mark.check("3.3.B.1.1", "workload-on-fargate")
def test_the_workload_runs_on_fargate(planned: Infrastructure, workload: Workload) -> None:
    """Every stack runs the workload on Fargate, on a network of its own and without a public address."""
    assert workloads_off_fargate(planned, workload) == []


@pytest.mark.check("3.3.B.1.1", "applied")
def test_the_cluster_stands_as_planned(standing: ReadBack) -> None:
    """Applied and read back, the cluster has the planned capacity, and its services have what was planned."""
    assert changed_clusters(standing) == []


@pytest.mark.check("3.3.B.1.2", "planned")
def test_a_load_balancer_is_planned(planned: Infrastructure, network_policy: InfrastructurePolicy) -> None:
    """Every stack plans an application load balancer over public subnets in two zones, with listeners and access logs."""
    assert unsound_balancers(planned, network_policy) == []


@pytest.mark.check("3.3.B.1.2", "workload-routed")
def test_requests_reach_the_workload(
    planned: Infrastructure, infrastructure_policy: InfrastructurePolicy, workload: Workload
) -> None:
    """A workload that the policy exposes has a target group with a health check, on its port, and a rule that leads there."""
    assert unrouted_workloads(planned, infrastructure_policy, workload) == []


@pytest.mark.check("3.3.B.1.2", "applied")
def test_the_load_balancer_stands_as_planned(standing: ReadBack) -> None:
    """Applied and read back, balancer, listeners, rules and target groups are the planned ones."""
    assert changed_balancers(standing) == []


@pytest.mark.check("3.3.B.1.3", "certificate-attached")
def test_listeners_have_certificates(
    planned: Infrastructure, infrastructure_policy: InfrastructurePolicy, code_scan: CodeScan
) -> None:
    """Every listener that serves has TLS with a certificate and a security policy that the target's policy lists."""
    found = both(
        lambda: plain_forwards(planned, infrastructure_policy),
        lambda: disputed(planned, code_scan, "3.3.B.1.3 certificate-attached"),
    )
    assert found == []


@pytest.mark.check("3.3.B.1.3", "http-redirects")
def test_plain_http_only_redirects(planned: Infrastructure, code_scan: CodeScan) -> None:
    """Every plain listener and each of its rules does nothing but redirect to HTTPS."""
    found = both(
        lambda: served_without_tls(planned),
        lambda: disputed(planned, code_scan, "3.3.B.1.3 http-redirects"),
    )
    assert found == []


@pytest.mark.check("3.3.B.1.3", "applied")
def test_listeners_stand_as_planned(standing: ReadBack) -> None:
    """Applied and read back, every listener has the planned certificate, security policy and actions."""
    assert changed_listeners(standing) == []


@pytest.mark.check("3.3.B.2.1", "own-database")
def test_the_service_has_its_own_database(
    planned: Infrastructure, service: Workload, database_variables: Stores
) -> None:
    """A service that stores data has a database of its own, in which no other has a part; one that stores none has none."""
    assert shared_databases(planned, service, database_variables) == []


@pytest.mark.check("3.3.B.2.1", "protected")
def test_the_database_is_protected(
    planned: Infrastructure,
    network_policy: InfrastructurePolicy,
    service: Workload,
    database_variables: Stores,
    code_scan: CodeScan,
) -> None:
    """The service's database is encrypted, private, backed up and protected from deletion."""
    found = both(
        lambda: unprotected_databases(planned, network_policy, service, database_variables),
        lambda: disputed_databases(planned, code_scan, service, database_variables),
    )
    assert found == []


@pytest.mark.check("3.3.B.2.1", "applied")
def test_the_database_stands_as_planned(standing: ReadBack, service: Workload, database_variables: Stores) -> None:
    """Applied and read back, the service's database is there with the planned settings, and no further one."""
    assert changed_databases(standing, service, database_variables) == []


@pytest.mark.check("3.3.B.2.2", "encrypted")
def test_redis_is_encrypted(planned: Infrastructure, code_scan: CodeScan) -> None:
    """Every planned Redis is encrypted in transit and at rest."""
    found = both(lambda: plain_caches(planned), lambda: disputed(planned, code_scan, "3.3.B.2.2 encrypted"))
    assert found == []


@pytest.mark.check("3.3.B.2.2", "private-and-authenticated")
def test_redis_is_private(planned: Infrastructure, network_policy: InfrastructurePolicy) -> None:
    """Every planned Redis stands in private subnets and asks for a credential that stands in no code."""
    assert open_caches(planned, network_policy) == []


@pytest.mark.check("3.3.B.2.2", "applied")
def test_redis_stands_as_planned(standing: ReadBack) -> None:
    """Applied and read back, every Redis is there with the planned encryption, authentication and subnets."""
    assert changed_caches(standing) == []


@pytest.mark.check("3.3.B.2.3", "private-and-encrypted")
def test_the_broker_is_private(planned: Infrastructure, code_scan: CodeScan) -> None:
    """Every planned broker is RabbitMQ and is not publicly accessible."""
    found = both(
        lambda: open_brokers(planned),
        lambda: disputed(planned, code_scan, "3.3.B.2.3 private-and-encrypted"),
    )
    assert found == []


@pytest.mark.check("3.3.B.2.3", "logged")
def test_the_broker_is_logged(planned: Infrastructure, code_scan: CodeScan) -> None:
    """Every planned broker sends its general logs to CloudWatch."""
    found = both(lambda: unlogged_brokers(planned), lambda: disputed(planned, code_scan, "3.3.B.2.3 logged"))
    assert found == []


@pytest.mark.check("3.3.B.2.3", "user-from-secret")
def test_the_brokers_user_is_a_secret(planned: Infrastructure) -> None:
    """No planned broker has a user or password that stands in the code, and no task definition a literal of them."""
    assert literal_users(planned) == []


@pytest.mark.check("3.3.B.2.3", "applied")
def test_the_broker_stands_as_planned(standing: ReadBack) -> None:
    """Applied and read back, every broker is as planned, in what the emulator keeps of it."""
    assert changed_brokers(standing) == []


@pytest.mark.check("3.3.B.3.1", "trust-limited")
def test_only_tasks_take_on_the_execution_role(planned: Infrastructure, workload: Workload) -> None:
    """The workload's execution role trusts this account's ECS tasks alone."""
    assert loose_trust(planned, workload) == []


@pytest.mark.check("3.3.B.3.1", "secrets-limited")
def test_the_execution_role_reads_the_workloads_secrets_alone(entitled: Infrastructure, workload: Workload) -> None:
    """Decided as IAM does, the execution role may read the secrets that its tasks refer to, and no others."""
    assert unneeded_secrets(entitled, workload) == []


@pytest.mark.check("3.3.B.3.1", "applied")
def test_the_execution_role_stands_as_planned(standing: ReadBack, workload: Workload) -> None:
    """Applied and read back, the execution role has the planned trust and permissions, and no further ones."""
    assert changed_execution_roles(standing, workload) == []


@pytest.mark.check("3.3.B.3.2", "within-need")
def test_the_task_role_is_allowed_what_it_needs(
    planned: Infrastructure, infrastructure_policy: InfrastructurePolicy, service: Workload
) -> None:
    """Everything that the service's task role is allowed is on the policy's need list."""
    assert rights_beyond_need(planned, infrastructure_policy, service) == []


@pytest.mark.check("3.3.B.3.2", "others-denied")
def test_the_task_role_is_denied_everything_else(
    entitled: Infrastructure, infrastructure_policy: InfrastructurePolicy, service: Workload
) -> None:
    """Decided as IAM does, the service's task role is denied whatever is asked for beyond its needs."""
    assert allowed_beyond_need(entitled, infrastructure_policy, service) == []


@pytest.mark.check("3.3.B.3.2", "applied")
def test_the_task_roles_policies_stand_as_planned(standing: ReadBack, service: Workload) -> None:
    """Applied and read back, the policies of the service's task role are the planned ones and no others."""
    assert changed_task_roles(standing, service) == []


@pytest.mark.check("3.3.B.3.3", "own-role")
def test_the_service_has_its_own_task_role(planned: Infrastructure, service: Workload) -> None:
    """The service's task definition names a task role that nothing else uses."""
    assert shared_roles(planned, service) == []


@pytest.mark.check("3.3.B.3.3", "applied")
def test_the_service_runs_with_its_task_role(standing: ReadBack, service: Workload) -> None:
    """Applied and read back, the ECS service runs a task definition that carries the planned task role."""
    assert foreign_roles(standing, service) == []


@pytest.mark.check("3.3.C.1", "registered")
def test_the_task_definition_registers(standing: ReadBack) -> None:
    """Registered and read back, every planned task definition is as planned, and no other is beside it."""
    assert changed_definitions(standing) == []


@pytest.mark.check("3.3.C.1", "starts")
def test_the_sample_service_starts(sample_start: SampleStart) -> None:
    """Started by each stack's planned task definition, with what that gives it and no more, the service answers."""
    assert failed_starts(sample_start) == []


@pytest.mark.check("3.3.C.1", "answers-over-tls")
def test_the_sample_service_answers_over_tls(sample_work: SampleWork) -> None:
    """Asked by TLS from the internet's end of the drawn network, through a balancer as planned, the service answers."""
    assert unanswered_requests(sample_work) == []


@pytest.mark.check("3.3.C.1", "uses-its-dependencies")
def test_the_sample_service_uses_its_dependencies(sample_work: SampleWork) -> None:
    """On the drawn network the service works with its real servers, and not while the one concerned is out of reach."""
    assert idle_dependencies(sample_work) == []


@pytest.mark.check("3.3.C.2", "allowed-connect")
def test_every_listed_flow_connects(connections: Connections, flow_policy: InfrastructurePolicy) -> None:
    """On networks drawn from the plans, each flow of the target's rules connects from every address of its source."""
    assert unconnected_flows(connections, flow_policy) == []


@pytest.mark.check("3.3.C.2", "others-refused")
def test_no_other_pair_connects(connections: Connections, flow_policy: InfrastructurePolicy) -> None:
    """On the same networks no other pair connects on any port tried, though each listener answered from beside it."""
    assert unlisted_connections(connections, flow_policy) == []


@pytest.mark.check("3.3.C.3", "decisions-modelled")
def test_all_policies_together_decide_as_needed(
    entitled: Infrastructure, infrastructure_policy: InfrastructurePolicy, service: Workload
) -> None:
    """Decided as IAM does, the service's roles get what they need, nothing else, to nobody else and no way to more rights."""
    assert wrong_decisions(entitled, infrastructure_policy, service) == []


@pytest.mark.check("3.3.C.3", "needed-allowed")
def test_roles_get_what_the_service_needs(role_trials: RoleTrials, service: Workload) -> None:
    """Where IAM is enforced, calls with the roles' own credentials are answered for each need that the emulator enforces."""
    assert refused_needs(role_trials, service) == []


@pytest.mark.check("3.3.C.3", "others-refused")
def test_roles_are_refused_the_rest(role_trials: RoleTrials, service: Workload) -> None:
    """Where IAM is enforced, the same credentials are refused what the service does not need, other secrets among it."""
    assert answered_beyond_need(role_trials, service) == []


@pytest.mark.check("3.3.C.3", "trust-enforced")
def test_nobody_else_gets_the_roles(role_trials: RoleTrials, service: Workload) -> None:
    """Where IAM is enforced, identities that the trust policies do not name can't take on the service's roles."""
    assert taken_roles(role_trials, service) == []


@pytest.mark.check("3.3.reproducible", "locked")
def test_versions_are_locked(locks: Locks) -> None:
    """Every provider and module is locked to one version."""
    assert unlocked_code(locks) == []


@pytest.mark.check("3.3.reproducible", "nothing-outside-the-plan")
def test_nothing_takes_part_that_no_plan_shows(planned: Infrastructure) -> None:
    """No provisioner runs at an apply, and no data source asks a program, an address or another state."""
    assert escaping_code(planned) == []


@pytest.mark.check("3.3.reproducible", "nothing-by-chance")
def test_the_same_code_gives_the_same_plan(planned: Infrastructure) -> None:
    """No value hangs on time or chance."""
    assert changing_values(planned) == []


@pytest.mark.check("3.3.reproducible", "two-applies-equal")
def test_two_applies_are_equal(applied: Applied) -> None:
    """Applied from nothing to two empty accounts, the code makes the same but for what AWS alone makes up."""
    assert unequal_applies(applied) == []


@pytest.mark.check("3.3.reproducible", "second-plan-empty")
def test_a_second_plan_is_empty(applied: Applied) -> None:
    """A plan straight after the apply would change nothing, apart from what the emulator is known not to keep."""
    assert unsettled_plan(applied) == []


@pytest.mark.check("3.3.drift", "nothing-hidden")
def test_no_change_of_what_is_judged_is_ignored(planned: Infrastructure, owned_elsewhere: set[tuple[str, str]]) -> None:
    """The code ignores changes of no judged attribute, but for those that another system owns by the target's own words."""
    assert hidden_changes(planned, owned_elsewhere) == []


@pytest.mark.check("3.3.drift", "change-found")
def test_changes_by_hand_are_found(applied: Applied) -> None:
    """Each change made past the code is seen to land, and a plan tells of it by resource and attribute."""
    assert missed_drift(applied) == []


@pytest.mark.check("3.3.drift", "unchanged-quiet")
def test_without_a_change_there_is_no_drift(applied: Applied) -> None:
    """Before these changes the same plan tells of none, apart from what the emulator is known not to keep."""
    assert unexplained_drift(applied) == []


@pytest.mark.check("3.3.destroy", "completes")
def test_the_destroy_completes(applied: Applied) -> None:
    """Once the documented step has lifted protection from deletion, the destroy ends without an error."""
    assert failed_destroy(applied) == []


@pytest.mark.check("3.3.destroy", "nothing-left")
def test_the_destroy_leaves_nothing(applied: Applied) -> None:
    """Afterwards the account, listed through the API, holds no more than before the apply, and the state nothing."""
    assert left_after_destroy(applied) == []


@pytest.mark.check("lock", "closed-by-default")
def test_the_lock_is_closed_by_default(planned: Infrastructure, lock_variable: str | None) -> None:
    """The variable that lets production's traffic in is false unless who applies sets it."""
    assert open_locks(planned, lock_variable) == []
