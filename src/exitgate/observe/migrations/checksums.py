"""Which applied migrations are not the ones that are committed: by the checksum that the database keeps of each.

`prisma migrate deploy` goes on where an applied migration's file was edited; `migrate dev` and `migrate status` alone look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from exitgate.observe.migrations.files import Migration
from exitgate.observe.migrations.tool import Applied

_BOM = b"\xef\xbb\xbf"


def edited(committed: Iterable[Migration], applied: Iterable[Applied]) -> tuple[str, ...]:
    """Name each finished migration whose checksum is not that of the committed file; of tools that keep none, nothing."""
    by_name = {each.name: each for each in committed}
    return tuple(
        each.name
        for each in applied
        if each.finished
        and each.checksum
        and each.name in by_name
        and each.checksum not in _checksums(by_name[each.name].sql)
    )


def _checksums(text: str) -> frozenset[str]:
    """Return what SHA-256 makes of a script, however its lines end: git may change that on checkout, and Prisma lets it pass."""
    unix = text.encode()
    ways = (unix, unix.replace(b"\n", b"\r\n"))
    return frozenset(hashlib.sha256(start + way).hexdigest() for way in ways for start in (b"", _BOM))
