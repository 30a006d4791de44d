"""The prober's own process: ``python -m exitgate.load.prober PLAN RESULTS``. Stops when its standard input ends.

Open-loop: a request is sent at its planned time, whether or not earlier ones were answered. What a closed loop hides (a
server that stalls is asked less, and looks well) shows here as latency, which counts from the planned time.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import json
import os
import string
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from exitgate.load.answer import Answer, Malformed
from exitgate.load.plan import Connections, LoadPlan, Stream

_WRITE_EVERY_S = 0.05
_SLOW_PIECES = 8
_SLOW_END = b"x-exitgate-slow: yes\r\n\r\n"


class _Results:
    """The results' file: a line a request once its end is known, so that a crash loses only what was under way."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def add(self, *values: object) -> None:
        self._lines.append(json.dumps(values, separators=(",", ":")))

    def write(self) -> None:
        if self._lines:
            self._stream.write("\n".join(self._lines) + "\n")
            self._stream.flush()
            self._lines.clear()


class _Sending:
    """One request, from its planned time to its end."""

    __slots__ = ("answer", "head", "intended", "number", "over", "place", "sent", "stream", "whole")

    def __init__(
        self, place: int, stream: Stream, number: int, times: tuple[float, float], head: bytes, *, keeps_body: bool
    ) -> None:
        self.place, self.stream, self.number, self.head = place, stream, number, head
        self.intended, self.sent = times
        self.answer = Answer(is_head=stream.method == "HEAD", keeps_body=keeps_body)
        self.over = False
        self.whole = True
        """Whether all of it was handed over: an answer may come before the last of a slow body."""


class _Connection(asyncio.Protocol):
    """A connection, and the request that it serves."""

    __slots__ = ("idle_since", "prober", "sending", "transport")

    def __init__(self, prober: _Prober) -> None:
        self.prober = prober
        self.sending: _Sending | None = None
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.prober.open += 1

    def data_received(self, data: bytes) -> None:
        sending = self.sending
        if sending is None or sending.over:
            # Nothing was asked: whatever this is, the connection is of no more use.
            self.close()
            return
        try:
            sending.answer.feed(data)
        except Malformed as error:
            self.prober.ended(sending, f"malformed: {error}")
            self.close()
            return
        if sending.answer.done:
            self.finished(sending)

    def finished(self, sending: _Sending) -> None:
        self.prober.ended(sending, "")
        self.sending = None
        if sending.whole and sending.answer.reusable and sending.stream.connections is Connections.KEPT:
            self.idle_since = time.monotonic()
            self.prober.idle[sending.place].append(self)
        else:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.prober.open -= 1
        sending, self.sending = self.sending, None
        if sending is not None and not sending.over:
            sending.answer.end()
            if sending.answer.done:
                self.prober.ended(sending, "")
            else:
                self.prober.ended(sending, "cut off" if sending.answer.status else _word(exc, "closed"))
        self.transport = None

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _word(error: BaseException | None, otherwise: str) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case ConnectionResetError() | BrokenPipeError():
            return "reset"
        case TimeoutError():
            return "timeout"
        case None:
            return otherwise
        case _:
            return type(error).__name__


class _Prober:
    """Sends what is due, and writes down what became of it."""

    def __init__(self, plan: LoadPlan, results: _Results) -> None:
        self.plan, self.results = plan, results
        self.loop = asyncio.get_running_loop()
        self.idle: list[list[_Connection]] = [[] for _ in plan.streams]
        self.open = 0
        self.under_way = 0
        self.sent = [0] * len(plan.streams)
        self.unsent = [0] * len(plan.streams)
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopped = asyncio.Event()
        self.idle_again = asyncio.Event()
        self.due: list[tuple[float, int, int]] = []
        self.heads = [_head(plan, stream, stream.path) for stream in plan.streams]
        names = [stream.name for stream in plan.streams]
        self.followers: list[list[int]] = [[] for _ in plan.streams]
        for place, stream in enumerate(plan.streams):
            if stream.after:
                self.followers[names.index(stream.after)].append(place)

    async def run(self) -> None:
        begun = time.monotonic() + 0.05
        for place, stream in enumerate(self.plan.streams):
            if stream.after:
                continue
            # Streams of the same rate don't send at the same moment.
            offset = place / len(self.plan.streams) / stream.rate_rps
            heapq.heappush(self.due, (begun + offset, place, 0))
        self.results.add("begun", begun)
        self.results.write()
        self.tick()
        writer = asyncio.create_task(self.keep_writing())
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), self.plan.longest_s)
        ended = time.monotonic()
        self.stopped.set()
        while self.under_way:
            self.idle_again.clear()
            await self.idle_again.wait()
        writer.cancel()
        for pool in self.idle:
            for connection in pool:
                connection.close()
        self.results.add("ended", ended, sum(self.sent) + sum(self.unsent))
        self.results.write()

    async def keep_writing(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY_S)
            self.results.write()

    def tick(self) -> None:
        """Send everything that is due, and come again when the next request is."""
        if self.stopped.is_set():
            return
        now = time.monotonic()
        while self.due[0][0] <= now:
            intended, place, number = self.due[0]
            stream = self.plan.streams[place]
            heapq.heapreplace(self.due, (intended + 1 / stream.rate_rps, place, number + 1))
            self.send(place, stream, number, intended)
            now = time.monotonic()
        self.loop.call_at(self.due[0][0], self.tick)

    def send(self, place: int, stream: Stream, number: int, intended: float, head: bytes = b"") -> None:
        if self.open >= self.plan.connection_limit:
            self.unsent[place] += 1
            self.results.add("unsent", place, number, intended)
            return
        self.sent[place] += 1
        self.under_way += 1
        times = (intended, time.monotonic())
        head = head or self.heads[place]
        sending = _Sending(place, stream, number, times, head, keeps_body=bool(self.followers[place]))
        # Two seconds more for those whose body alone takes a while.
        self.loop.call_later(self.plan.timeout_s + stream.slow_s, self.give_up, sending)
        pool, oldest = self.idle[place], sending.sent - self.plan.idle_s
        while pool:
            connection = pool.pop()
            if connection.transport is None or connection.transport.is_closing():
                continue
            if connection.idle_since < oldest:
                connection.close()
                continue
            self.write(connection, sending)
            return
        self.keep(self.connect(sending))

    def keep(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def connect(self, sending: _Sending) -> None:
        try:
            _, connection = await self.loop.create_connection(
                lambda: _Connection(self), self.plan.address, self.plan.port
            )
        except OSError as error:
            self.ended(sending, f"connect: {_word(error, '')}")
            return
        if sending.over:
            connection.close()
        else:
            self.write(connection, sending)

    def write(self, connection: _Connection, sending: _Sending) -> None:
        connection.sending = sending
        stream, transport = sending.stream, connection.transport
        if transport is None:
            self.ended(sending, "closed")
            return
        head = sending.head
        if stream.key_header:
            head += f"{stream.key_header}: {stream.key_prefix}{sending.number}\r\n".encode()
        body = stream.body.encode()
        if stream.slow_s:
            sending.whole = False
            # Where there is no body, the end of the head is what comes slowly.
            transport.write(head + (b"\r\n" if body else b""))
            self.keep(self.write_slowly(connection, sending, body or _SLOW_END))
        else:
            transport.write(head + b"\r\n" + body)

    async def write_slowly(self, connection: _Connection, sending: _Sending, rest: bytes) -> None:
        size = -(-len(rest) // _SLOW_PIECES)
        pieces = [rest[start : start + size] for start in range(0, len(rest), size)]
        for piece in pieces:
            await asyncio.sleep(sending.stream.slow_s / len(pieces))
            if sending.over or connection.transport is None:
                return
            connection.transport.write(piece)
        sending.whole = True

    def give_up(self, sending: _Sending) -> None:
        if not sending.over:
            self.ended(sending, "timeout")

    def ended(self, sending: _Sending, failure: str) -> None:
        if sending.over:
            return
        sending.over = True
        self.under_way -= 1
        if not self.under_way:
            self.idle_again.set()
        answer = sending.answer
        if not failure and not sending.stream.is_success(answer.status):
            failure = "status"
        self.results.add(
            "request",
            sending.place,
            sending.number,
            round(sending.intended, 6),
            round(sending.sent, 6),
            round(time.monotonic(), 6),
            answer.status,
            failure,
            answer.headers.get(self.plan.version_header.encode(), b"").decode("latin-1"),
            answer.headers.get(self.plan.task_header.encode(), b"").decode("latin-1"),
        )
        if not failure:
            self.follow(sending)

    def follow(self, before: _Sending) -> None:
        """Ask for what a request has just made; an answer that does not tell of it is a failure of the follower."""
        for place in self.followers[before.place]:
            stream, now = self.plan.streams[place], time.monotonic()
            path = _path(stream, before.answer.body)
            if path:
                self.send(place, stream, before.number, now, _head(self.plan, stream, path))
                continue
            self.sent[place] += 1
            at = round(now, 6)
            headers = before.answer.headers
            self.results.add(
                *("request", place, before.number, at, at, at, before.answer.status),
                f"nothing to follow: no {' or '.join(key for _, key in stream.saves)} in the answer",
                headers.get(self.plan.version_header.encode(), b"").decode("latin-1"),
                headers.get(self.plan.task_header.encode(), b"").decode("latin-1"),
            )


def _path(stream: Stream, body: bytes) -> str:
    """Return the path of a follower by the answer before it; empty where that does not tell."""
    try:
        told = json.loads(body)
        values = {name: quote(str(told[key]), safe="") for name, key in stream.saves}
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return string.Template(stream.path).safe_substitute(values)


def _head(plan: LoadPlan, stream: Stream, path: str) -> bytes:
    lines = [f"{stream.method} {path} HTTP/1.1", f"host: {plan.address}:{plan.port}", "user-agent: exitgate"]
    lines += [f"{name}: {value}" for name, value in stream.headers]
    if stream.body or stream.method not in ("GET", "HEAD", "OPTIONS", "DELETE"):
        lines.append(f"content-length: {len(stream.body.encode())}")
    if stream.connections is Connections.FRESH:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n").encode()


async def _main(plan: LoadPlan, results: _Results) -> None:
    prober = _Prober(plan, results)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), lambda: _look(prober))
    await prober.run()


def _look(prober: _Prober) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        prober.stopped.set()


def main() -> None:
    """Probe as the plan says."""
    plan = LoadPlan.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # A collection takes longer than a request may be late; nothing here goes in circles for long.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)
    with Path(sys.argv[2]).open("w", encoding="utf-8") as stream:
        asyncio.run(_main(plan, _Results(stream)))


if __name__ == "__main__":
    main()
