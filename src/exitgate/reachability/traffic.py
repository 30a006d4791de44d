"""Protocols and ports on one line of numbers: 65,536 for each of the 256 protocols, of which only TCP and UDP have ports.

ICMP's types stand where ports would; codes are not told apart, so a rule for one code counts as one for its whole type.
"""

from __future__ import annotations

from typing import Final

from exitgate.reachability.spans import Spans, intersection

PORTS: Final = 1 << 16
_PROTOCOLS: Final = 1 << 8
_NUMBERS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
_WORDS: Final = {number: word for word, number in _NUMBERS.items()}
ALL: Final[Spans] = ((0, _PROTOCOLS * PORTS - 1),)
"""Every protocol: what AWS writes as -1."""
TCP, UDP = 6, 17


def traffic(protocol: str, first: int | None = None, last: int | None = None) -> Spans:
    """Return what a rule lets through.

    Args:
        protocol: A name or number, ``-1`` or ``all``; ports of anything but TCP, UDP and ICMP are ignored, as AWS does.
        first: The first port, or ICMP's type; None or -1 for all.
        last: The last port; of ICMP the code, which is ignored.

    Raises:
        ValueError: if there is no such protocol.
    """
    word = protocol.strip().lower()
    if word in ("-1", "all"):
        return ALL
    number = _NUMBERS.get(word)
    if number is None:
        number = int(word)
    if not 0 <= number < _PROTOCOLS:
        raise ValueError(f"no protocol {protocol}")
    base = number * PORTS
    if number in (1, 58) and first is not None and first >= 0:
        return ((base + first, base + first),)
    if number in (TCP, UDP) and first is not None and first >= 0 and last is not None:
        if last < first:
            raise ValueError(f"ports {first} to {last}")
        return ((base + first, base + min(last, PORTS - 1)),)
    return ((base, base + PORTS - 1),)


def block(protocol: int) -> Spans:
    """Return all of a protocol."""
    return ((protocol * PORTS, (protocol + 1) * PORTS - 1),)


def of(one: Spans, protocol: int) -> Spans:
    """Return the part of some traffic that is of a protocol."""
    return intersection(one, block(protocol))


def written(whole: Spans) -> str:
    """Return some traffic as people write it, e.g. ``tcp 443, udp 53-54``."""
    if whole == ALL:
        return "every protocol and port"
    told = []
    for low, high in whole:
        first, last = low // PORTS, high // PORTS
        if first != last:
            told.append(f"protocols {_word(first)} to {_word(last)}")
        elif high - low == PORTS - 1:
            told.append(f"all of {_word(first)}" if first in (TCP, UDP) else _word(first))
        else:
            ports = f"{low % PORTS}" if low == high else f"{low % PORTS}-{high % PORTS}"
            told.append(f"{_word(first)} {ports}")
    return ", ".join(told) or "nothing"


def _word(protocol: int) -> str:
    return _WORDS.get(protocol, f"protocol {protocol}")
