"""A server that fails on demand: a thread of its own, with a switch."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-app-version: 1.0\r\n\r\nok"
ERROR = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


class FaultyServer:
    """Answers well, with 503, by a reset, or not at all."""

    def __init__(self) -> None:
        self.mode = "good"
        self.port = 0
        self.posts = 0
        self.made: set[bytes] = set()
        self.arrivals: list[float] = []
        """When each request came, by the monotonic clock."""

    def _shop(self, method: bytes, path: bytes) -> bytes:
        """Make something by a POST, and tell of what was made."""
        if method == b"POST":
            name = f"no {self.posts}/x"
            self.made.add(quote(name, safe="").encode())
            body = b'{"other": 1}' if self.mode == "wordless" else json.dumps({"id": name}).encode()
            if self.mode != "chunked shop":
                return b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            pieces = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (body[:3], body[3:]))
            return b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n%s0\r\n\r\n" % pieces
        known = path.removeprefix(b"/made/") in self.made and self.mode != "forgetful"
        return GOOD if known else b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.arrivals.append(time.monotonic())
                length = next(
                    (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.startswith(b"content-length")), 0
                )
                await reader.readexactly(length)
                self.posts += head.startswith(b"POST")
                if self.mode == "silent":
                    continue
                if self.mode in ("shop", "chunked shop", "forgetful", "wordless"):
                    writer.write(self._shop(*head.split(b" ", 2)[:2]))
                    continue
                if self.mode == "reset":
                    writer.transport.abort()
                    return
                writer.write({"good": GOOD, "503": ERROR, "chunks": CHUNKS, "nonsense": b"hello\r\n\r\n"}[self.mode])
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


CHUNKS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    made, ready, loops = FaultyServer(), threading.Event(), []

    async def main() -> None:
        server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
        made.port = server.sockets[0].getsockname()[1]
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait(10)
    try:
        yield made
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()
