"""A stand-in for a version that is healthy and errs: it stands between the balancer and a good task, and fails some requests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_FAILURE = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
_START_TIMEOUT_S = 5.0


class ErringProxy:
    """Passes connections on, and answers every so many requests with 500 itself. Those for the health path always pass.

    A request is known by its first line at the start of what arrives in one piece, which is how the prober and the balancer
    send heads.
    """

    def __init__(self, address: str, port: int, health_path: str, share: float, asked: Iterator[int]) -> None:
        """Make it.

        Args:
            address: Of the good task.
            share: Of requests, that are failed.
            asked: Counts them, from 1, for all tasks of the version: what each counts for itself is short by up to one failure.
        """
        self.port = 0
        self.failed = 0
        self._place = (address, port)
        self._health = f" {health_path} ".encode()
        self._every = max(1, round(1 / share))
        self._asked = asked
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve in a thread for as long as the block lasts."""
        thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="erring", daemon=True)
        thread.start()
        self._ready.wait(_START_TIMEOUT_S)
        try:
            yield
        finally:
            if self._loop and self._stop:
                self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back: asyncio.Task[None] | None = None
        try:
            there, onward = await asyncio.open_connection(*self._place)
        except OSError:
            writer.close()
            return
        try:
            back = asyncio.create_task(self._copy(there, writer))
            while data := await reader.read(65536):
                if self._is_to_fail(data):
                    self.failed += 1
                    writer.write(_FAILURE)
                    continue
                onward.write(data)
                await onward.drain()
        except OSError:
            pass
        finally:
            for each in (onward, writer):
                with suppress(OSError):
                    each.close()
            if back:
                back.cancel()

    def _is_to_fail(self, data: bytes) -> bool:
        line = data.partition(b"\r\n")[0]
        # Only whole requests without a body: what follows a head would have to be swallowed too.
        if not (line.endswith(b" HTTP/1.1") and line.startswith(b"GET ") and data.endswith(b"\r\n\r\n")):
            return False
        if self._health in line:
            return False
        return next(self._asked) % self._every == 0

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()
