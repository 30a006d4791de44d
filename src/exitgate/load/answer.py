"""An HTTP/1.1 answer, taken apart as it arrives (RFC 9112)."""

from __future__ import annotations

_INTERIM = 200
_WITHOUT_BODY = (204, 304)
_LINE_END = 2
"""Bytes of CR and LF behind a chunk."""
_LONGEST_HEAD_BYTES = 64 * 1024
_LONGEST_BODY_BYTES = 256 * 1024
"""Of a body that is kept: what comes after is no answer that somebody reads."""


class Malformed(Exception):
    """What arrived is no HTTP/1.1."""


class Answer:
    """One answer. Its body is counted, and thrown away where nobody wants it."""

    __slots__ = (
        *("_buffer", "_chunked", "_is_head", "_keeps", "_left", "_to_close"),
        *("body", "done", "headers", "reusable", "status"),
    )

    def __init__(self, *, is_head: bool = False, keeps_body: bool = False) -> None:
        self.status = 0
        self.body = b""
        """The first of it, where it is kept."""
        self._keeps = keeps_body
        self.headers: dict[bytes, bytes] = {}
        self.done = False
        self.reusable = False
        """Whether the connection may serve another request."""
        self._is_head = is_head
        self._buffer = b""
        self._left = -1
        self._chunked = False
        self._to_close = False

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            Malformed: if it is no HTTP/1.1.
        """
        self._buffer = self._buffer + data if self._buffer else data
        while not self.status:
            if not self._head():
                return
        if self._chunked:
            self._chunks()
        elif self._to_close:
            self._take(self._buffer)
            self._buffer = b""
        else:
            self._left -= len(self._buffer)
            self._take(self._buffer)
            self._buffer = b""
            if self._left < 0:
                raise Malformed("more than the answer was to have")
            self.done = self._left == 0

    def _take(self, piece: bytes) -> None:
        if self._keeps and len(self.body) < _LONGEST_BODY_BYTES:
            self.body += piece

    def end(self) -> None:
        """Take the end of the connection, which ends an answer that has no other end."""
        if self.status and self._to_close:
            self.done = True

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LONGEST_HEAD_BYTES or not b"HTTP/1.".startswith(self._buffer[:7]):
                raise Malformed("no head of an answer")
            return False
        first, *lines = self._buffer[:end].split(b"\r\n")
        self._buffer = self._buffer[end + 4 :]
        parts = first.split(b" ", 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():  # noqa: PLR2004
            raise Malformed("no status line")
        status = int(parts[1])
        if status < _INTERIM:
            return bool(self._buffer)
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon:
                raise Malformed("a header without a colon")
            self.headers[name.lower()] = value.strip()
        self.status = status
        self._frame(first)
        return True

    def _frame(self, first: bytes) -> None:
        connection = self.headers.get(b"connection", b"").lower()
        self.reusable = b"close" not in connection and first.startswith(b"HTTP/1.1")
        length = self.headers.get(b"content-length")
        if self._is_head or self.status in _WITHOUT_BODY:
            self._left = 0
        elif self.headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
            self._chunked = True
        elif length is not None:
            if not length.isdigit():
                raise Malformed("a length that is no number")
            self._left = int(length)
        else:
            self._to_close, self.reusable = True, False

    def _chunks(self) -> None:
        while True:
            if self._left > 0:
                taken = min(self._left, len(self._buffer))
                # The last two are the line's end.
                self._take(self._buffer[: max(0, min(taken, self._left - _LINE_END))])
                self._buffer, self._left = self._buffer[taken:], self._left - taken
                if self._left:
                    return
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError as error:
                raise Malformed("a chunk without a size") from error
            if size == 0:
                # Trailers end with an empty line, as the head does.
                if rest.startswith(b"\r\n") or b"\r\n\r\n" in rest:
                    self.done = True
                return
            self._buffer, self._left = rest, size + _LINE_END
