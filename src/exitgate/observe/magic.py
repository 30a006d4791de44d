"""What a file is by its first bytes: archives, compressed ones too, and code that is not for Node.js.

Sources: the formats' own specifications; for tar POSIX's pax, whose magic stands at byte 257.
"""

from __future__ import annotations

import bz2
import lzma
import zlib

from exitgate.observe.layers import Nature

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"!<arch>\n", b"\xed\xab\xee\xdb", b"MSCF", b"xar!")
_ZSTD = b"\x28\xb5\x2f\xfd"
_TAR_NAMES = (".tar", ".tgz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
_TAR_MAGIC, _TAR_AT = b"ustar", 257
_HEADER_BYTES = 512
_JAVA_ARCHIVES = (".jar", ".war", ".ear")
_PYTHON_ARCHIVES = (".whl", ".egg", ".pyz")
_DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub")
"""Archives by their format and documents by their use."""
_CODE = (
    b"\x00asm",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
)
"""WebAssembly, classes of Java and fat binaries of macOS (which share a magic), Mach-O in both orders and widths."""
_WINDOWS = (".exe", ".dll", ".node")
_PYTHON = (".py", ".pyc", ".pyd")


def nature_by_magic(path: str, first: bytes) -> Nature:
    """Return what the first bytes of a file show of it; the name decides only between uses of one format.

    Args:
        first: At least the first KiB, or all there is.
    """
    name = path.lower()
    if first.startswith(_CODE) or name.endswith(_PYTHON) or (first.startswith(b"MZ") and name.endswith(_WINDOWS)):
        return Nature.FOREIGN_CODE
    if first.startswith(_ZIP):
        if name.endswith((*_JAVA_ARCHIVES, *_PYTHON_ARCHIVES)):
            return Nature.FOREIGN_CODE
        return Nature.PLAIN if name.endswith(_DOCUMENTS) else Nature.ARCHIVE
    if first.startswith(_ARCHIVES) or _is_tar(first) or _is_tar(_unpacked(first)):
        return Nature.ARCHIVE
    return Nature.ARCHIVE if first.startswith(_ZSTD) and name.endswith(_TAR_NAMES) else Nature.PLAIN


def _is_tar(header: bytes) -> bool:
    return header[_TAR_AT : _TAR_AT + len(_TAR_MAGIC)] == _TAR_MAGIC


def _unpacked(first: bytes) -> bytes:
    """Return the beginning of what was compressed by gzip, bzip2 or xz; nothing where it was by none of them."""
    try:
        if first.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first, _HEADER_BYTES)
        if first.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(first, _HEADER_BYTES)
        if first.startswith(b"\xfd7zXZ"):
            return lzma.LZMADecompressor().decompress(first, _HEADER_BYTES)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return b""
    return b""
