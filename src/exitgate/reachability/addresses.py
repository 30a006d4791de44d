"""Addresses of both families on one line of numbers, so that a range is a span and a set of them is ``Spans``.

IPv4 stands from 0. Above it stand ranges of AWS whose addresses only AWS knows, each under a number of its own. IPv6 stands
above both.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from exitgate.reachability.spans import Spans, difference, spans

_V4_END: Final = 1 << 32
_MANAGED: Final = 1 << 16
_V6_START: Final = 1 << 64
_STAND_INS: Final = ipaddress.ip_network("192.0.2.0/24")
"""For what is drawn with real addresses: a part of the internet that nobody has (RFC 5737)."""
V4, V6 = 4, 6
MANAGED_PREFIX: Final = 33
"""How specific a route to a managed range is: more than any of IPv4's."""
ANY_V4: Final[Spans] = ((0, _V4_END + _MANAGED - 1),)
"""``0.0.0.0/0``: the ranges of AWS are among it, wherever they lie."""
ANY_V6: Final[Spans] = ((_V6_START, _V6_START + (1 << 128) - 1),)


def cidr(text: str) -> Spans:
    """Return a range in CIDR notation; AWS takes host bits that are set and ignores them.

    Raises:
        ValueError: if it is none.
    """
    network = ipaddress.ip_network(text.strip(), strict=False)
    if network.prefixlen == 0:
        return ANY_V4 if network.version == V4 else ANY_V6
    base = 0 if network.version == V4 else _V6_START
    return ((base + int(network.network_address), base + int(network.broadcast_address)),)


def managed(number: int) -> Spans:
    """Return the stand-in for a range of AWS's own."""
    return ((_V4_END + number, _V4_END + number),)


def family(address: int) -> int:
    """Return 4 or 6."""
    return V6 if address >= _V6_START else V4


def address(text: str) -> int:
    """Return the number of one address."""
    found = ipaddress.ip_address(text)
    return int(found) + (0 if found.version == V4 else _V6_START)


def written(number: int) -> str:
    """Return an address as people write it."""
    if number >= _V6_START:
        return str(ipaddress.IPv6Address(number - _V6_START))
    return str(ipaddress.IPv4Address(number)) if number < _V4_END else "AWS's own range"


def ranges(whole: Spans) -> tuple[str, ...]:
    """Return the IPv4 part of a set as ranges in CIDR notation; AWS's own get addresses for documentation in their place."""
    found: list[str] = []
    for low, high in whole:
        if low < _V4_END:
            first, last = ipaddress.IPv4Address(low), ipaddress.IPv4Address(min(high, _V4_END - 1))
            found += map(str, ipaddress.summarize_address_range(first, last))
        elif high < _V6_START:
            found += (f"{_STAND_INS[number - _V4_END]}/32" for number in range(low, high + 1))
    return tuple(found)


def specificity(text: str) -> int:
    """Return the length of a range's prefix: the longest one decides where a packet goes."""
    return ipaddress.ip_network(text.strip(), strict=False).prefixlen


_NOT_PUBLIC: Final = spans(
    part
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3", "fe80::/10", "fc00::/7", "ff00::/8", "::/128", "::1/128"),
    )
    for part in cidr(text)
)
"""What no router of the internet forwards, see IANA's special-purpose address registries."""
PUBLIC: Final = difference(((0, _V4_END - 1), *ANY_V6), _NOT_PUBLIC)
"""Everybody's addresses on the internet."""
