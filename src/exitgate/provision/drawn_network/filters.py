"""Security groups and network ACLs, rule for rule, as input of iptables-restore.

What AWS drops without a word is refused with a word here, so that a try is over at once. Source: iptables-extensions(8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from exitgate.reachability import INTERNET, Acl, AclRule, Group, Rule
from exitgate.reachability.addresses import ranges
from exitgate.reachability.spans import Spans
from exitgate.reachability.traffic import ALL, PORTS, TCP, UDP

_REFUSE = "-j REJECT --reject-with icmp-admin-prohibited"
NOWHERE = "nowhere"
"""The router's interface for what has no route: of refusals by a route itself, Linux sends a few a second (error_burst)."""
ANSWERS = 1
"""The mark of what comes back from the internet: a NAT gateway remembers who asked, and so does the router in its place."""
_REMEMBERED = (
    "*mangle",
    ":PREROUTING ACCEPT",
    f"-A PREROUTING -i {INTERNET} -m conntrack --ctstate ESTABLISHED,RELATED -j MARK --set-mark {ANSWERS}",
    "COMMIT",
)
_ICMP = 1
_WITH_PORTS = {TCP: "tcp", UDP: "udp"}


def host_filters(groups: Sequence[Group], members: Mapping[str, Sequence[str]]) -> str:
    """Return the filters of a host: what any of its groups lets through, and the answers to it.

    Args:
        groups: Those that it is in; with none everything passes.
        members: Group to the addresses of all that are in it.
    """
    lines = ["*filter", ":INPUT DROP", ":FORWARD DROP", ":OUTPUT DROP"]
    for chain, loop, key in (("INPUT", "-i lo", "-s"), ("OUTPUT", "-o lo", "-d")):
        lines += [f"-A {chain} {loop} -j ACCEPT", f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"]
        for group in groups:
            for rule in group.inbound if chain == "INPUT" else group.outbound:
                lines += _accepted(chain, key, rule, members)
        lines.append(f"-A {chain} {_REFUSE}" if groups else f"-A {chain} -j ACCEPT")
    return "\n".join([*lines, "COMMIT", ""])


def router_filters(acls: Sequence[Acl | None]) -> str:
    """Return the filters between subnets: each one's list on the way out of it and into it, without memory.

    Args:
        acls: By the subnet's number; interfaces of its hosts are called ``s<number>-<host>``.
    """
    chains: list[str] = []
    rules: list[str] = []
    jumps = [f"-A FORWARD -o {NOWHERE} -j REJECT --reject-with icmp-net-unreachable"]
    for number, acl in enumerate(acls):
        jumps.append(f"-A FORWARD -i s{number}-+ -o s{number}-+ -j ACCEPT")
        if acl is None:
            continue
        chains += [f":OUT{number} -", f":IN{number} -"]
        rules += _listed(f"OUT{number}", "-d", acl.outbound)
        rules += _listed(f"IN{number}", "-s", acl.inbound)
    for number, acl in enumerate(acls):
        if acl is not None:
            jumps += [f"-A FORWARD -i s{number}-+ -j OUT{number}", f"-A FORWARD -o s{number}-+ -j IN{number}"]
    lines = ["*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", *chains, *rules, *jumps, "COMMIT"]
    return "\n".join([*lines, *_REMEMBERED, ""])


def _accepted(chain: str, key: str, rule: Rule, members: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for address in members.get(rule.group, ()) if rule.group else ranges(rule.addresses):
        for match in _matches(rule.traffic):
            yield f"-A {chain} {key} {address}{match} -j ACCEPT"


def _listed(chain: str, key: str, rules: Iterable[AclRule]) -> Iterator[str]:
    for rule in sorted(rules, key=lambda each: each.number):
        for address in ranges(rule.addresses):
            for match in _matches(rule.traffic):
                yield f"-A {chain} {key} {address}{match} {'-j RETURN' if rule.allow else _REFUSE}"
    yield f"-A {chain} {_REFUSE}"


def _matches(traffic: Spans) -> Iterator[str]:
    """Yield what selects some traffic; protocols that IPv4 does not carry select nothing."""
    if traffic == ALL:
        yield ""
        return
    for low, high in traffic:
        for protocol in range(low // PORTS, high // PORTS + 1):
            first, last = max(low, protocol * PORTS) % PORTS, min(high, protocol * PORTS + PORTS - 1) % PORTS
            word = _WITH_PORTS.get(protocol)
            if (first, last) == (0, PORTS - 1):
                # 0 means every protocol to iptables.
                yield from [f" -p {protocol}"] if protocol else []
            elif word:
                yield f" -p {word} -m {word} --dport {first}:{last}"
            elif protocol == _ICMP:
                yield from (f" -p icmp -m icmp --icmp-type {kind}" for kind in range(first, min(last, 255) + 1))
