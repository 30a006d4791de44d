"""How long the model of reachability takes for a large network: 500 security groups, 200 subnets.

Run it as ``python -m benchmarks.reachability``; it prints seconds of processor time.
"""

from __future__ import annotations

import sys
from random import Random
from time import process_time

from exitgate.reachability import Endpoint, Group, Network, Outside, Place, Reachability, Route, Rule, Subnet, Way
from exitgate.reachability.addresses import ANY_V4, PUBLIC, cidr
from exitgate.reachability.traffic import traffic

GROUPS, SUBNETS = 500, 200


def large(seed: int, *, whole_vpc: int) -> Network:
    """Return a network whose groups have five rules each way; ``whole_vpc`` of 100 groups take from every address of the VPC."""
    draw = Random(seed)
    local = Route(name="local", addresses=cidr("10.0.0.0/8"), prefix=8, way=Way.LOCAL, rank=0)
    out = Route(name="out", addresses=ANY_V4, prefix=0, way=Way.INTERNET)
    subnets = tuple(
        Subnet(name=f"s{index}", vpc="v", routes=(local, out) if index % 4 == 0 else (local,), table=f"t{index % 4}")
        for index in range(SUBNETS)
    )

    def rules(index: int) -> tuple[Rule, ...]:
        made = [
            Rule(name=f"r{index}", traffic=traffic("tcp", port, port + 9), group=f"g{draw.randrange(GROUPS)}")
            for port in draw.sample(range(1, 60000), 4)
        ]
        if index % 100 < whole_vpc:
            made.append(Rule(name=f"v{index}", traffic=traffic("tcp", 443, 443), addresses=cidr("10.0.0.0/8")))
        else:
            range_of = f"10.{draw.randrange(SUBNETS)}.0.0/17"
            made.append(Rule(name=f"c{index}", traffic=traffic("tcp", 443, 443), addresses=cidr(range_of)))
        return tuple(made)

    return Network(
        subnets=subnets,
        groups=tuple(
            Group(
                name=f"g{index}",
                inbound=rules(index),
                outbound=(Rule(name=f"o{index}", traffic=traffic("-1"), addresses=ANY_V4),),
            )
            for index in range(GROUPS)
        ),
        endpoints=tuple(
            Endpoint(
                name=f"e{index}",
                places=tuple(
                    Place(subnet=f"s{at}", addresses=cidr(f"10.{at}.0.0/16"))
                    for at in (index % SUBNETS, index * 7 % SUBNETS)
                ),
                groups=(f"g{index}",),
            )
            for index in range(GROUPS)
        ),
        outsides=(Outside(name="internet", addresses=PUBLIC, way=Way.INTERNET),),
        gateways=frozenset({"v"}),
    )


def main() -> None:
    """Measure and print."""
    for whole_vpc in (0, 10):
        network = large(1, whole_vpc=whole_vpc)
        start = process_time()
        found = sum(1 for _ in Reachability(network).passages())
        taken = process_time() - start
        sys.stdout.write(
            f"{GROUPS} groups, {SUBNETS} subnets, {whole_vpc} % open to the whole VPC: {taken:.2f} s, {found} passages\n"
        )


if __name__ == "__main__":
    main()
