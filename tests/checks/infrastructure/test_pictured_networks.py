"""The picture of a planned network: the flows that get through it, by the policy's names and tiers."""

from __future__ import annotations

from exitgate.checks.infrastructure.flows import pictured_networks
from exitgate.pictures import NetworkPicture

from .shop import changed, ingress, planned, shop
from .test_flows import ANY, POLICY, REFERENCE


def pictured(plan: object = None) -> NetworkPicture:
    (picture,) = pictured_networks(plan or planned(shop()), POLICY, REFERENCE.workloads)  # type: ignore[arg-type]
    return picture


def test_the_shops_flows_are_those_of_the_policy() -> None:
    told = {(flow.source, flow.destination): flow.traffic for flow in pictured().flows}
    assert told.keys() == {(flow.source, flow.destination) for flow in POLICY.flow}
    assert told["internet", "balancer"] == "tcp 80, tcp 443"
    assert pictured().left_out == 0
    assert pictured().unknown == ()


def test_every_end_is_in_its_tier_and_has_its_groups() -> None:
    ends = {end.name: end for end in pictured().ends}
    assert {name: ends[name].tier for name in POLICY.endpoints} == POLICY.endpoints
    assert all(end.groups for end in ends.values())


def test_a_rule_too_many_is_seen() -> None:
    plan = changed(ingress("more", "balancer", **ANY, from_port=8080, to_port=8090))
    told = {(flow.source, flow.destination): flow.traffic for flow in pictured(plan).flows}
    assert told["internet", "balancer"] == "tcp 80, tcp 443, tcp 8080-8090"


def test_without_a_policy_no_end_has_a_tier() -> None:
    (picture,) = pictured_networks(planned(shop()), None, REFERENCE.workloads)
    assert {end.tier for end in picture.ends} == {"elsewhere"}


def test_a_stack_without_a_network_is_a_picture_of_nothing() -> None:
    picture = pictured(planned({}))
    assert (picture.ends, picture.flows) == ((), ())
