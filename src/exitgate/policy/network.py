"""``[policy.infrastructure.network]`` and its flows: which addresses there are, and who may reach whom (3.3.A.2, 3.3.A.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from exitgate.policy.rule import Flag, Port, Rule, Text, contradiction, refuse_doubles

INTERNET = "internet"
"""The endpoint that is everybody."""
_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]
_LARGEST, _SMALLEST = 16, 28
"""The prefixes that AWS takes for a VPC or subnet, see Amazon VPC user guide, "VPC CIDR blocks"."""
_LEAST_ZONES = 2


def _checked_cidr(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"an IPv4 range whose host bits are zero, like 10.0.0.0/16 ({error})") from error
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise ValueError(f"a range from /{_LARGEST} to /{_SMALLEST}, which AWS takes")
    return value


class Tier(Rule):
    """``[[policy.infrastructure.network.tier]]``: subnets of one kind, one in each zone."""

    name: _Name
    public: Flag
    """Whether its route table leads to an internet gateway."""
    subnets: Annotated[dict[_Zone, str], Field(min_length=1)]
    """Availability zone to IPv4 range. Two zones at least: one can fail as a whole (AWS Well-Architected, REL10)."""

    @field_validator("subnets")
    @classmethod
    def _ranges(cls, subnets: dict[str, str]) -> dict[str, str]:
        for cidr in subnets.values():
            _checked_cidr(cidr)
        return subnets

    @model_validator(mode="after")
    def _survives_a_zone(self) -> Self:
        if len(self.subnets) < _LEAST_ZONES:
            raise contradiction(
                f"tier {self.name!r} in one zone", f"at least {_LEAST_ZONES}, so that one may fail", "subnets"
            )
        return self


class NetworkPolicy(Rule):
    """``[policy.infrastructure.network]``: the VPC, and its subnets by tier (3.3.A.2)."""

    vpc_cidr: str
    """The VPC's IPv4 range."""
    tier: Annotated[tuple[Tier, ...], Field(min_length=1)]

    @field_validator("vpc_cidr")
    @classmethod
    def _range(cls, cidr: str) -> str:
        return _checked_cidr(cidr)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse_doubles((tier.name for tier in self.tier), "tier")
        vpc = ipaddress.IPv4Network(self.vpc_cidr)
        for index, zone, network in self._subnets():
            if not network.subnet_of(vpc):
                raise contradiction(
                    f"{network} outside of the VPC's {vpc}", "a range inside it", "tier", index, "subnets", zone
                )
        for (_, _, one), (index, zone, other) in combinations(self._subnets(), 2):
            if one.overlaps(other):
                raise contradiction(f"{other} overlaps {one}", "ranges of their own", "tier", index, "subnets", zone)
        return self

    def _subnets(self) -> Iterator[tuple[int, str, ipaddress.IPv4Network]]:
        for index, tier in enumerate(self.tier):
            for zone, cidr in tier.subnets.items():
                yield index, zone, ipaddress.IPv4Network(cidr)


class Flow(Rule):
    """``[[policy.infrastructure.flow]]``: who may open connections to whom (3.3.A.3). What no flow allows is closed."""

    source: _Name
    """An endpoint, or ``internet``."""
    destination: _Name
    """An endpoint, or ``internet``."""
    protocol: Literal["tcp", "udp"] = "tcp"
    ports: Annotated[tuple[Port, ...], Field(min_length=1)]
    why: Text
    """What it is for: a flow that nobody can explain is one to close."""

    @model_validator(mode="after")
    def _between_two(self) -> Self:
        refuse_doubles(self.ports, "ports")
        if self.source == self.destination == INTERNET:
            raise contradiction("a flow from the internet to the internet", "one end of ours", "destination")
        return self
