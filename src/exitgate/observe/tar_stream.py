"""A file object over chunks of bytes, for tarfile's streaming mode, that knows whether the archive's end was among them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable

_END_OF_ARCHIVE_BYTES = 2 * tarfile.BLOCKSIZE


class TarStream:
    """What tarfile reads from; only ``read`` is needed there."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self.length = 0
        """Bytes that were read."""
        self.content_length = 0
        """The same, without the zeros at the end."""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer only at the end."""
        parts: list[bytes | memoryview] = []
        wanted = size
        while wanted > 0:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                if not self._rest:
                    break
            parts.append(self._rest[:wanted])
            wanted -= len(parts[-1])
            self._rest = self._rest[len(parts[-1]) :]
        data = b"".join(parts)
        if content := data.rstrip(b"\0"):
            self.content_length = self.length + len(content)
        self.length += len(data)
        return data


def refuse_a_missing_end(stream: TarStream, end: int) -> None:
    """Read what is left, and make sure that it is an archive's end: tarfile takes one that is cut or broken for a whole one.

    Args:
        end: Where tarfile found no further member, in bytes from the start.

    Raises:
        tarfile.ReadError: if something follows there, or fewer than two blocks of zeros.
    """
    while stream.read(tarfile.RECORDSIZE):
        pass
    if stream.content_length > end:
        raise tarfile.ReadError(f"it is broken at byte {end}")
    if stream.length - end < _END_OF_ARCHIVE_BYTES:
        raise tarfile.ReadError("it ends before its end")
