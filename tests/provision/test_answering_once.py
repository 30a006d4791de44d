"""A request that an SDK asks again is answered once: while its asking is under way, and after it where it succeeded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from exitgate.provision.emulator.answering_once import AnsweringOnce, Message, Receive, Send


class Counting:
    """An application that numbers its answers, and waits for leave to give them."""

    def __init__(self, *statuses: int) -> None:
        self.asked = 0
        self.leave = asyncio.Event()
        self._statuses = statuses

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.asked += 1
        number = self.asked
        await self.leave.wait()
        await send({"type": "http.response.start", "status": self._statuses[number - 1], "headers": []})
        await send({"type": "http.response.body", "body": str(number).encode()})


def request(own: str, method: str = "POST") -> Message:
    headers = [(b"Amz-Sdk-Invocation-Id", own.encode())] if own else []
    return {"type": "http", "method": method, "headers": headers}


async def ask(front: AnsweringOnce, scope: Message) -> bytes:
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        said.append(message)

    await front(scope, receive, send)
    return bytes(said[-1]["body"])


def answers(scopes: Sequence[Message], *statuses: int) -> tuple[list[bytes], int]:
    """Ask one after the other; return the bodies, and how often the application was asked."""

    async def all_of_them() -> tuple[list[bytes], int]:
        application = Counting(*statuses)
        application.leave.set()
        front = AnsweringOnce(application)
        return [await ask(front, each) for each in scopes], application.asked

    return asyncio.run(all_of_them())


def test_who_asks_again_gets_the_same_answer() -> None:
    assert answers([request("a"), request("a"), request("b")], 200, 200) == ([b"1", b"1", b"2"], 2)


def test_neither_a_refusal_nor_a_failure_is_repeated() -> None:
    assert answers([request("a"), request("a")], 400, 200) == ([b"1", b"2"], 2)
    assert answers([request("a"), request("a")], 503, 200) == ([b"1", b"2"], 2)


def test_what_has_no_id_or_changes_nothing_is_answered_anew() -> None:
    assert answers([request(""), request("")], 200, 200) == ([b"1", b"2"], 2)
    assert answers([request("a", "GET"), request("a", "GET")], 200, 200) == ([b"1", b"2"], 2)


def test_an_asking_that_is_given_up_is_finished_and_answered_once() -> None:
    async def given_up() -> tuple[bytes, int]:
        application = Counting(200, 200)
        front = AnsweringOnce(application)
        first = asyncio.create_task(ask(front, request("a")))
        await asyncio.sleep(0)
        first.cancel()
        again = asyncio.create_task(ask(front, request("a")))
        await asyncio.sleep(0)
        application.leave.set()
        return await again, application.asked

    assert asyncio.run(given_up()) == (b"1", 1)
