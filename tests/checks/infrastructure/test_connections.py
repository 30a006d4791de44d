"""3.3.C.2 on tries that are made up: clean, failed, open where nothing is listed, empty, and not drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import unconnected_flows, unlisted_connections
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.connections import Answer, Connections, DrawnNetwork, Try
from exitgate.policy import InfrastructurePolicy
from exitgate.policy.network import Flow
from exitgate.target import load_target

REFERENCE = load_target(Path(__file__).parents[3] / "reference")
assert REFERENCE.policy.infrastructure
POLICY: InfrastructurePolicy = REFERENCE.policy.infrastructure
ENDS = {name: f"infra/{name}.tf:1" for name in ("internet", *POLICY.endpoints)}
STRANGER = "a stranger in aws_subnet.data"


def one(source: str, destination: str, port: int, answer: Answer = Answer.CONNECTED) -> Try:
    return Try(
        source=source, destination=destination, here="10.20.16.4:60999", there="10.20.32.4", port=port, answer=answer
    )


CLEAN = (
    *(one(flow.source, flow.destination, port) for flow in POLICY.flow for port in flow.ports),
    one(STRANGER, "balancer", 443),
    one(STRANGER, "orders-database", 5432, Answer.REFUSED),
    one("web", "orders-database", 5432, Answer.SILENT),
)


def seen(*tries: Try, stack: str = "staging", unknown: tuple[str, ...] = ()) -> Connections:
    network = DrawnNetwork(name=stack, tries=tries, ends=ENDS, services_of_aws=frozenset({"s3"}), unknown=unknown)
    return Connections(substrate=Substrate(assurance=Assurance.EXECUTED, name="drawn"), stacks=(network,))


def without(source: str, destination: str) -> tuple[Try, ...]:
    return tuple(each for each in CLEAN if (each.source, each.destination) != (source, destination))


def test_flows_that_connect_and_nothing_else_are_well() -> None:
    assert unconnected_flows(seen(*CLEAN), POLICY) == []
    assert unlisted_connections(seen(*CLEAN), POLICY) == []


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.SILENT])
def test_a_flow_that_fails_from_one_address_is_a_finding(answer: Answer) -> None:
    tries = (*CLEAN, one("orders", "orders-database", 5432, answer))
    (finding,) = unconnected_flows(seen(*tries), POLICY)
    assert finding.message == (
        f"orders did not connect to orders-database on tcp 5432: {answer.value} in 1 of 2 tries, in staging"
    )
    assert finding.location == "infra/orders-database.tf:1"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (one("catalog", "orders-database", 5432), "catalog connected to orders-database on tcp 5432"),
        (one("orders", "orders-database", 22), "orders connected to orders-database on tcp 22"),
        (one(STRANGER, "cache", 6379), f"{STRANGER} connected to cache on tcp 6379"),
        (one(STRANGER, "balancer", 22), f"{STRANGER} connected to balancer on tcp 22"),
        (one("orders", "internet", 443), "orders connected to internet on tcp 443"),
        (one("orders", "s3", 443), "orders connected to s3 on tcp 443"),
    ],
)
def test_a_connection_that_nobody_listed_is_a_finding(extra: Try, words: str) -> None:
    (finding,) = unlisted_connections(seen(*CLEAN, extra), POLICY)
    assert finding.message == f"{words}, which no flow of the policy lists, in staging"


def test_who_may_reach_everybody_may_reach_aws() -> None:
    flow = Flow(source="orders", destination="internet", ports=(443,), why="Payments")
    policy = POLICY.model_copy(update={"flow": (*POLICY.flow, flow)})
    assert unlisted_connections(seen(*CLEAN, one("orders", "s3", 443)), policy) == []


def test_the_same_in_two_stacks_is_told_once() -> None:
    extra = one("catalog", "orders-database", 5432)
    both = replace(
        seen(*CLEAN, extra),
        stacks=(*seen(*CLEAN, extra).stacks, *seen(*CLEAN, extra, stack="production").stacks),
    )
    (finding,) = unlisted_connections(both, POLICY)
    assert finding.message.endswith("in staging and production")


@pytest.mark.parametrize("check", [unconnected_flows, unlisted_connections])
@pytest.mark.parametrize(
    "connections",
    [
        seen(),
        replace(seen(*CLEAN), stacks=()),
        replace(seen(*CLEAN), left_out=("production",)),
        seen(*CLEAN, unknown=("aws_lb.this: its IPv6 addresses, which are not drawn",)),
    ],
    ids=["nothing tried", "no stack", "a stack left out", "not drawn"],
)
def test_what_was_not_tried_is_not_assessed(check: object, connections: Connections) -> None:
    assert callable(check)
    with pytest.raises(PrerequisiteMissing):
        check(connections, POLICY)


def test_a_flow_of_which_nothing_was_tried_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="catalog to cache on tcp 6379: never tried"):
        unconnected_flows(seen(*without("catalog", "cache")), POLICY)


def test_a_flow_of_udp_is_not_assessed() -> None:
    flow = Flow(source="orders", destination="cache", protocol="udp", ports=(53,), why="Names")
    with pytest.raises(PrerequisiteMissing, match="udp, which was not tried"):
        unconnected_flows(seen(*CLEAN), POLICY.model_copy(update={"flow": (*POLICY.flow, flow)}))


def test_where_nothing_is_refused_no_filter_was_seen_to_work() -> None:
    connected = tuple(each for each in CLEAN if each.answer is Answer.CONNECTED)
    with pytest.raises(PrerequisiteMissing, match="nothing was refused"):
        unlisted_connections(seen(*connected), POLICY)
