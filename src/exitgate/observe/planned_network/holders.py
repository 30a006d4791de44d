"""What has addresses in a plan: balancers, tasks, databases, caches, brokers, endpoints, functions, machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from exitgate.observe.planned_network.groups import default_group
from exitgate.observe.planned_network.reading import Reading, several
from exitgate.observe.planned_network.routing import Layout
from exitgate.observe.terraform import Reference, Resource, Unknown, Value
from exitgate.reachability import CLIENT_PORTS, LINUX_PORTS, Endpoint, Place

_TAG = "endpoint"
"""The tag on a resource, or on one of its groups, that says by which name the policy has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Where a kind of resource keeps its subnets and groups."""

    subnets: tuple[str, ...]
    """Keys from the resource to its subnets, through nested blocks; of a subnet group where that is named."""
    groups: tuple[str, ...]
    public: tuple[str, ...] = ()
    subnet_group: str = ""
    """The type of the subnet group that ``subnets`` names."""
    ports: tuple[int, int] = CLIENT_PORTS


_RDS = {
    "subnets": ("db_subnet_group_name",),
    "groups": ("vpc_security_group_ids",),
    "subnet_group": "aws_db_subnet_group",
}
_CACHE = {
    "subnets": ("subnet_group_name",),
    "groups": ("security_group_ids",),
    "subnet_group": "aws_elasticache_subnet_group",
}
HOLDERS: Mapping[str, Holder] = {
    "aws_ecs_service": Holder(
        subnets=("network_configuration", "subnets"),
        groups=("network_configuration", "security_groups"),
        public=("network_configuration", "assign_public_ip"),
        ports=LINUX_PORTS,
    ),
    "aws_lb": Holder(subnets=("subnets",), groups=("security_groups",)),
    "aws_db_instance": Holder(**_RDS, public=("publicly_accessible",)),  # type: ignore[arg-type]
    "aws_rds_cluster": Holder(**_RDS),  # type: ignore[arg-type]
    "aws_elasticache_replication_group": Holder(**_CACHE),  # type: ignore[arg-type]
    "aws_elasticache_cluster": Holder(**_CACHE),  # type: ignore[arg-type]
    "aws_elasticache_serverless_cache": Holder(subnets=("subnet_ids",), groups=("security_group_ids",)),
    "aws_mq_broker": Holder(subnets=("subnet_ids",), groups=("security_groups",), public=("publicly_accessible",)),
    "aws_vpc_endpoint": Holder(subnets=("subnet_ids",), groups=("security_group_ids",)),
    "aws_lambda_function": Holder(
        subnets=("vpc_config", "subnet_ids"), groups=("vpc_config", "security_group_ids"), ports=CLIENT_PORTS
    ),
    "aws_efs_mount_target": Holder(subnets=("subnet_id",), groups=("security_groups",)),
    "aws_opensearch_domain": Holder(
        subnets=("vpc_options", "subnet_ids"), groups=("vpc_options", "security_group_ids")
    ),
    "aws_instance": Holder(
        subnets=("subnet_id",), groups=("vpc_security_group_ids",), public=("associate_public_ip_address",)
    ),
    "aws_network_interface": Holder(subnets=("subnet_id",), groups=("security_groups",)),
}
_NO_HOLDERS = frozenset(
    {
        *("aws_security_group", "aws_default_security_group", "aws_security_group_rule"),
        *("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"),
    }
)
Named = Callable[[Resource], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An endpoint with the name that the policy has for it."""

    endpoint: Endpoint
    called: str
    resource: Resource


def read_holders(reading: Reading, layout: Layout, named: Named) -> tuple[Held, ...]:
    """Return everything that has addresses; resources that the model does not know are noted.

    Args:
        named: Gives a name to what has one by other means than its tag; empty for none.
    """
    found = []
    for resource in reading.stack.resources:
        kind = HOLDERS.get(resource.type)
        if kind is None:
            if resource.type not in _NO_HOLDERS and _has_groups(resource.values):
                reading.open(resource, "a kind of resource whose addresses the model does not know")
            continue
        if resource.type == "aws_vpc_endpoint" and resource.get("vpc_endpoint_type") != "Interface":
            if resource.get("vpc_endpoint_type") not in ("Gateway", None):
                reading.open(resource, "an endpoint that is no interface and no gateway")
            continue
        if resource.type == "aws_lb" and resource.get("load_balancer_type") not in ("application", None):
            reading.open(resource, "a balancer that may show its targets the client's own address")
            continue
        held = _held(reading, layout, resource, kind, named)
        if held:
            found.append(held)
    return tuple(found)


def _held(reading: Reading, layout: Layout, resource: Resource, kind: Holder, named: Named) -> Held | None:
    subnets = _subnets(reading, resource, kind)
    if not subnets:
        if resource.type != "aws_lambda_function":
            reading.open(resource, "in which subnets it is")
        return None
    public = _public(reading, resource, kind)
    places = tuple(
        Place(subnet=subnet, addresses=ranges[subnet], public=public)
        for ranges in (layout.ranges, layout.ranges_v6)
        for subnet in subnets
        if ranges.get(subnet)
    )
    value = _value(resource, kind.groups)
    groups = reading.references(resource, value, kind.groups[-1])
    if not groups and not (isinstance(value, Unknown) and kind.groups[-1] in dict(resource.lines)):
        groups = tuple(_default(reading, subnet) for subnet in subnets[:1])
    called = _called(reading, resource, groups, named)
    endpoint = Endpoint(name=resource.address, places=places, groups=groups, ports=kind.ports)
    reading.name(resource)
    return Held(endpoint=endpoint, called=called, resource=resource)


def _subnets(reading: Reading, resource: Resource, kind: Holder) -> tuple[str, ...]:
    value = _value(resource, kind.subnets)
    if resource.type == "aws_lb" and not several(value):
        value = tuple(each.get("subnet_id") for each in reading.blocks(resource, "subnet_mapping"))
    if not kind.subnet_group:
        return reading.references(resource, value, kind.subnets[-1])
    for group in reading.stack.of(kind.subnet_group):
        if value == group.get("name") or (isinstance(value, Reference) and value.address == group.address):
            return reading.references(group, group.get("subnet_ids"), "subnet_ids")
    return ()


def _public(reading: Reading, resource: Resource, kind: Holder) -> bool:
    if resource.type == "aws_lb":
        # What is not said is "internet-facing".
        return resource.get("internal") is not True
    if resource.type == "aws_rds_cluster":
        return any(
            each.get("publicly_accessible") is True
            and resource.address in (each.references("cluster_identifier") or ())
            for each in reading.stack.of("aws_rds_cluster_instance")
        )
    if resource.type in ("aws_instance", "aws_network_interface"):
        return _by_machine(reading, resource)
    return bool(kind.public) and _value(resource, kind.public) is True


def _by_machine(reading: Reading, resource: Resource) -> bool:
    for each in reading.stack.of("aws_eip", "aws_eip_association"):
        for key in ("instance", "network_interface", "instance_id", "network_interface_id"):
            if resource.address in (each.references(key) or ()):
                return True
    said = resource.get("associate_public_ip_address")
    if isinstance(said, bool):
        return said
    subnet = reading.stack.find(next(iter(resource.references("subnet_id") or ("",))))
    return resource.type == "aws_instance" and (subnet is None or subnet.get("map_public_ip_on_launch") is True)


def _value(resource: Resource, keys: tuple[str, ...]) -> Value:
    if len(keys) == 1:
        return resource.get(keys[0])
    return resource.get(keys[0], 0, *keys[1:])


def _default(reading: Reading, subnet: str) -> str:
    owner = reading.stack.find(subnet)
    vpc = next(iter(owner.references("vpc_id") or ("",))) if owner else ""
    for group in reading.stack.of("aws_default_security_group"):
        if vpc in (group.references("vpc_id") or ()):
            return group.address
    return default_group(vpc)


def _called(reading: Reading, resource: Resource, groups: tuple[str, ...], named: Named) -> str:
    tagged = next(_tags(resource), "")
    if tagged or (given := named(resource)) == "":
        found = {name for each in groups if (group := reading.stack.find(each)) for name in _tags(group)}
        return tagged or (found.pop() if len(found) == 1 else resource.address)
    return given


def _tags(resource: Resource) -> Iterator[str]:
    for key in ("tags", "tags_all"):
        tags = resource.get(key)
        if isinstance(tags, Mapping) and isinstance(tags.get(_TAG), str):
            yield str(tags[_TAG])


def _has_groups(value: Value) -> bool:
    if isinstance(value, Reference):
        return "aws_security_group." in value.address or "aws_default_security_group." in value.address
    if isinstance(value, Mapping):
        return any(_has_groups(each) for each in value.values())
    return isinstance(value, tuple) and any(_has_groups(each) for each in value)
