"""Writes bbolt files, the format of Trivy's vulnerability database: nested buckets of keys and values, once, never changed.

Source: the page layout of go.etcd.io/bbolt 1.4 (``internal/common``: ``page.go``, ``meta.go``, ``bucket.go``). A bucket's keys all
stand in one leaf page, however long (with overflow pages): no branch pages, which only speed up what changes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

Bucket = Mapping[str, "Bucket | bytes"]
"""Key to value, or to a bucket of its own."""

_PAGE_BYTES: Final = 4096
_PAGE: Final = struct.Struct("<QHHI")
_LEAF: Final = struct.Struct("<IIII")
_BUCKET: Final = struct.Struct("<QQ")
_META: Final = struct.Struct("<IIIIQQQQQ")
_IS_LEAF, _IS_META, _IS_FREELIST, _IS_BUCKET = 0x02, 0x04, 0x10, 0x01
_MAGIC, _VERSION = 0xED0CDAED, 2
_FREELIST_PAGE, _FIRST_PAGE = 2, 3
_MOST_KEYS = 0xFFFE
"""Of a page: their number is kept in 16 bits, of which the last value means that it is kept elsewhere."""


def bolt_file(root: Bucket) -> bytes:
    """Return the content of a bbolt file that holds these buckets; equal buckets give equal bytes.

    Raises:
        ValueError: if a bucket has more than 65534 keys.
    """
    pages: list[bytes] = []
    root_page = _write(root, pages)
    end = _FIRST_PAGE + sum(len(page) for page in pages) // _PAGE_BYTES
    metas = [_meta(number, root_page, end) for number in (0, 1)]
    freelist = _PAGE.pack(_FREELIST_PAGE, _IS_FREELIST, 0, 0).ljust(_PAGE_BYTES, b"\0")
    return b"".join((*metas, freelist, *pages))


def _write(bucket: Bucket, pages: list[bytes]) -> int:
    """Add the pages of a bucket, those of its own buckets first, and return its page's number."""
    if len(bucket) > _MOST_KEYS:
        raise ValueError(f"{len(bucket)} keys in one bucket, and a page takes {_MOST_KEYS}")
    entries: list[tuple[int, bytes, bytes]] = []
    for key, value in sorted((key.encode(), value) for key, value in bucket.items()):
        if isinstance(value, bytes):
            entries.append((0, key, value))
        else:
            entries.append((_IS_BUCKET, key, _BUCKET.pack(_write(value, pages), 0)))
    number = _FIRST_PAGE + sum(len(page) for page in pages) // _PAGE_BYTES
    elements, content = bytearray(), bytearray()
    for index, (flags, key, value) in enumerate(entries):
        # A key's place is counted from its own element on.
        place = (len(entries) - index) * _LEAF.size + len(content)
        elements += _LEAF.pack(flags, place, len(key), len(value))
        content += key + value
    size = _PAGE.size + len(elements) + len(content)
    overflow = (size - 1) // _PAGE_BYTES
    page = _PAGE.pack(number, _IS_LEAF, len(entries), overflow) + elements + content
    pages.append(page.ljust((overflow + 1) * _PAGE_BYTES, b"\0"))
    return number


def _meta(number: int, root_page: int, end: int) -> bytes:
    body = _META.pack(_MAGIC, _VERSION, _PAGE_BYTES, 0, root_page, 0, _FREELIST_PAGE, end, number)
    header = _PAGE.pack(number, _IS_META, 0, 0)
    return (header + body + struct.pack("<Q", _fnv1a(body))).ljust(_PAGE_BYTES, b"\0")


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
