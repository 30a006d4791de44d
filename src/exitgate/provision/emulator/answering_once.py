"""Starts the emulator so that a request which is asked again gets what its first asking got; run by the emulator's interpreter.

SDKs of AWS give a request an id that stays the same when they ask again (``amz-sdk-invocation-id``). AWS knows what it has had
by tokens and by what is taken; the emulator (ministack 1.5.33) makes a second one, e.g. of a subnet, where an answer got lost
on a busy machine. Knows nothing of exitgate, which is not in that environment.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
_ID = b"amz-sdk-invocation-id"
_KEPT = 4096
"""Answers, of the last requests."""
_REFUSED = 400
"""From this status on whoever asks again is answered anew: SDKs do where AWS throttles or is at it, which are 400 too."""


class AnsweringOnce:
    """An ASGI application that answers each request of an SDK once, and repeats its answer to whoever asks again."""

    def __init__(self, application: Application) -> None:
        """Stand in front of an application."""
        self._application = application
        self._answers: dict[bytes, asyncio.Task[list[Message]]] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, or repeat an answer; a first asking goes on where its client has gone."""
        own = next((value for name, value in scope.get("headers") or () if name.lower() == _ID), b"")
        if scope["type"] != "http" or scope["method"] != "POST" or not own:
            await self._application(scope, receive, send)
            return
        answer = self._answers.get(own)
        if answer is None:
            answer = self._answers[own] = asyncio.create_task(self._answer(own, scope, receive))
            while len(self._answers) > _KEPT:
                del self._answers[next(iter(self._answers))]
        for message in await asyncio.shield(answer):
            await send(message)

    async def _answer(self, own: bytes, scope: Message, receive: Receive) -> list[Message]:
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        is_answered = False
        try:
            await self._application(scope, receive, keep)
            is_answered = bool(said) and said[0].get("status", _REFUSED) < _REFUSED
        finally:
            if not is_answered:
                self._answers.pop(own, None)
        return said


if __name__ == "__main__":
    served: Any = importlib.import_module(f"{sys.argv.pop(1)}.app")
    served.app = AnsweringOnce(served.app)
    served.main()
