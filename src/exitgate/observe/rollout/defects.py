"""Stand-ins for versions that are healthy and err or dawdle: they stand between the balancer and a good task."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_FAILURE = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
_START_TIMEOUT_S = 5.0


class MeddlingProxy(ABC):
    """Passes connections on, and meddles with requests as its kind does. Those for the health path always pass.

    A request is known by its first line at the start of what arrives in one piece, which is how the prober and the balancer
    send heads.
    """

    def __init__(self, address: str, port: int, health_path: str) -> None:
        self.port = 0
        self.meddled = 0
        """Requests with which it did."""
        self._place = (address, port)
        self._health = f" {health_path} ".encode()
        self._longest_answer_s = 0.0
        self._open: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve in a thread for as long as the block lasts."""
        thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="meddling", daemon=True)
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
        # The task has ended; what it has answered still goes out.
        if self._open:
            await asyncio.wait(self._open, timeout=self._longest_answer_s)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: asyncio.StreamWriter | None = None
        back: asyncio.Task[None] | None = None
        try:
            there, onward = await asyncio.open_connection(*self._place)
            back = asyncio.create_task(self._copy(there, writer))
            self._open.add(back)
            back.add_done_callback(self._open.discard)
            while data := await reader.read(65536):
                if not await self._passes(data, writer):
                    continue
                onward.write(data)
                await onward.drain()
        except (OSError, asyncio.CancelledError):
            # Cancelled is who still connects or holds a request up at the end; asyncio's server (3.11) would log that as an error.
            pass
        finally:
            for each in (onward, writer):
                with suppress(OSError):
                    if each:
                        each.close()
            if back:
                back.cancel()

    @abstractmethod
    async def _passes(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Say whether what arrived goes on to the task, having done with it what this kind does."""

    async def _before_answer(self, writer: asyncio.StreamWriter) -> None:  # noqa: B027 - a kind need not
        """Do with what comes back from the task what this kind does."""

    def _begins_request(self, data: bytes) -> bytes:
        """Return the first line of a request that is not for the health path; nothing where the data begins none."""
        line = data.partition(b"\r\n")[0]
        return line if line.endswith(b" HTTP/1.1") and self._health not in line else b""

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._before_answer(writer)
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()


class ErringProxy(MeddlingProxy):
    """Answers every so many requests with 500 itself."""

    def __init__(self, address: str, port: int, health_path: str, share: float, asked: Iterator[int]) -> None:
        """Make it.

        Args:
            address: Of the good task.
            port: On which it listens.
            health_path: That always passes.
            share: Of requests, that are failed.
            asked: Counts them, from 1, for all tasks of the version: what each counts for itself is short by up to one failure.
        """
        super().__init__(address, port, health_path)
        self._every = max(1, round(1 / share))
        self._asked = asked

    async def _passes(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        # Only whole requests without a body: what follows a head would have to be swallowed too.
        if not (self._begins_request(data).startswith(b"GET ") and data.endswith(b"\r\n\r\n")):
            return True
        if next(self._asked) % self._every:
            return True
        self.meddled += 1
        writer.write(_FAILURE)
        return False


class SlowProxy(MeddlingProxy):
    """Holds every answer up for a while: the task has it done by then, and may end in order."""

    def __init__(self, address: str, port: int, health_path: str, delay_s: float) -> None:
        super().__init__(address, port, health_path)
        self._delay_s = self._longest_answer_s = delay_s
        self._owed: set[asyncio.StreamWriter] = set()

    async def _passes(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        if self._begins_request(data):
            self.meddled += 1
            self._owed.add(writer)
        return True

    async def _before_answer(self, writer: asyncio.StreamWriter) -> None:
        if writer in self._owed:
            self._owed.discard(writer)
            await asyncio.sleep(self._delay_s)
