"""What databases, caches and brokers have in common: flags, and subnets of private tiers."""

from __future__ import annotations

from exitgate.checks.infrastructure.judging import Judgement
from exitgate.observe.terraform import Reference, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy

_SUBNET_GROUPS = ("aws_db_subnet_group", "aws_elasticache_subnet_group")


def demand(resource: Resource, judgement: Judgement, attribute: str, *, wanted: bool, message: str) -> None:
    """Say where a flag is not what it has to be."""
    got = resource.get(attribute)
    if isinstance(got, Unknown):
        judgement.open(resource, attribute)
        return
    # Newer providers keep some flags as text.
    if str(got if got is not None else False).lower() != str(wanted).lower():
        judgement.fault(
            resource.locate(attribute),
            f"{resource.address} {message}",
            expected=f"{attribute} = {str(wanted).lower()}",
            got=str(got).lower(),
            remedy=f"Set {attribute} = {str(wanted).lower()}.",
        )


def stands_in_private(
    stack: Stack, resource: Resource, key: str, policy: InfrastructurePolicy, judgement: Judgement
) -> None:
    """Say where a resource's subnets, or those of its subnet group, are not all of a private tier of the policy's."""
    private = {
        cidr
        for tier in (policy.network.tier if policy.network else ())
        if not tier.public
        for cidr in tier.subnets.values()
    }
    name = resource.get(key)
    if key == "subnet_ids":
        addresses = resource.references(key)
    else:
        groups = [
            each
            for each in stack.of(*_SUBNET_GROUPS)
            if (isinstance(name, Reference) and name.address == each.address)
            or (isinstance(name, str) and each.get("name") == name)
        ]
        found = [each.references("subnet_ids") for each in groups]
        addresses = None if None in found else tuple(address for each in found for address in each or ())
    subnets = [stack.find(address) for address in addresses or ()]
    if not subnets or None in subnets:
        judgement.open(resource, key)
    for subnet in subnets:
        if subnet is None:
            continue
        cidr = subnet.get("cidr_block")
        if isinstance(cidr, Unknown):
            judgement.open(subnet, "cidr_block")
        elif cidr not in private:
            judgement.fault(
                resource.locate(key),
                f"{resource.address} stands in a public subnet"
                if _is_public(cidr, policy)
                else f"{resource.address} stands in {subnet.address}, which is no subnet of a private tier",
                expected="subnets of private tiers",
                got=str(cidr),
                remedy="Give it the subnets of a private tier.",
            )


def _is_public(cidr: object, policy: InfrastructurePolicy) -> bool:
    tiers = policy.network.tier if policy.network else ()
    return any(tier.public and cidr in tier.subnets.values() for tier in tiers)
