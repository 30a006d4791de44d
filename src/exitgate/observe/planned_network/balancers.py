"""Planned balancers as hops: on which ports they listen, and to whom they hand requests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitgate.observe.planned_network.holders import Held
from exitgate.observe.planned_network.reading import Reading
from exitgate.observe.terraform import Reference, Resource, Unknown, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """An application load balancer."""

    listens: frozenset[int]
    hands_to: frozenset[tuple[str, int]]
    """The ECS services that stand behind its listeners, with the port that each takes requests on."""
    complete: bool
    """Whether all of it is known."""


def read_balancers(reading: Reading, held: tuple[Held, ...]) -> dict[str, Balancer]:
    """Return the balancers by their address."""
    found = {}
    for each in held:
        if each.resource.type == "aws_lb":
            listeners = [
                listener
                for listener in reading.stack.of("aws_lb_listener")
                if reading.reference(listener, listener.get("load_balancer_arn"), "load_balancer_arn")
                == each.resource.address
            ]
            ports = [listener.get("port") for listener in listeners]
            groups = [block.get("target_group_arn") for service in _services(reading) for block in _attached(service)]
            found[each.endpoint.name] = Balancer(
                listens=frozenset(port for port in ports if isinstance(port, int)),
                hands_to=frozenset(_behind(reading, {listener.address for listener in listeners})),
                complete=not any(isinstance(known, Unknown) for known in (*ports, *groups)),
            )
    return found


def _behind(reading: Reading, listeners: set[str]) -> set[tuple[str, int]]:
    rules = [
        rule
        for rule in reading.stack.of("aws_lb_listener_rule")
        if listeners & set(rule.references("listener_arn") or ())
    ]
    owners = [each for each in reading.stack.of("aws_lb_listener") if each.address in listeners]
    groups = {group for owner in (*rules, *owners) for group in _groups(owner)}
    found = set()
    for service in _services(reading):
        for block in _attached(service):
            group, port = block.get("target_group_arn"), block.get("container_port")
            if isinstance(group, Reference) and group.address in groups and isinstance(port, int):
                found.add((service.address, port))
    return found


def _services(reading: Reading) -> tuple[Resource, ...]:
    return reading.stack.of("aws_ecs_service")


def _attached(service: Resource) -> tuple[Mapping[str, Value], ...]:
    return service.blocks("load_balancer") or ()


def _groups(owner: Resource) -> set[str]:
    return {
        each
        for key in ("action", "default_action")
        for block in owner.blocks(key) or ()
        for each in _target_groups(dict(block))
    }


def _target_groups(value: Value) -> set[str]:
    if isinstance(value, Reference):
        return {value.address} if "aws_lb_target_group." in value.address else set()
    if isinstance(value, dict):
        return {found for each in value.values() for found in _target_groups(each)}
    if isinstance(value, tuple):
        return {found for each in value for found in _target_groups(each)}
    return set()
