"""Messages published at a constant rate while something else happens, each with an id of its own and confirmed by the broker."""

from __future__ import annotations

import string
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from exitgate.errors import ObservationError, one_line

if TYPE_CHECKING:
    import amqp

_TIMEOUT_S = 10.0
UNIQUE = "unique"
"""What stands for a message's id in its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlan:
    """One kind of messages."""

    name: str
    url: str
    """``amqp://user:password@host:port/virtual-host``, as this machine reaches the broker."""
    exchange: str
    """Declared by whoever consumes; empty for the default one."""
    routing_key: str
    body: str
    """With ``$unique`` where the id belongs."""
    rate_rps: float
    """Messages a second, at equal distances."""
    most: int | None = None
    """After so many no more come; nothing for no end."""


class Publishing:
    """Publishes in a thread of its own, from its making until it is stopped."""

    def __init__(self, plan: MessagePlan) -> None:
        """Begin to publish."""
        self._plan = plan
        self._ids: list[str] = []
        self._failure = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"messages {plan.name}", daemon=True)
        self._thread.start()

    @property
    def ids(self) -> list[str]:
        """Of what the broker has taken so far, in the order of publishing."""
        return list(self._ids)

    @property
    def failure(self) -> str:
        """Why the broker takes nothing more, in one line; empty as long as it does."""
        return self._failure

    def end(self) -> None:
        """Publish nothing more."""
        self._over.set()
        self._thread.join(2 * _TIMEOUT_S)

    def stop(self) -> list[str]:
        """Publish nothing more, and return the ids of what the broker has taken, in the order of publishing.

        Raises:
            ObservationError: if it did not take them all.
        """
        self.end()
        if self._failure or self._thread.is_alive():
            raise ObservationError(
                f"messages {self._plan.name}",
                got=self._failure or "the broker does not confirm what it is given",
                expected=f"a broker that takes messages for exchange {self._plan.exchange!r}",
                action="See whether the workload declares that exchange, and whether the broker still answers.",
            )
        return list(self._ids)

    def _run(self) -> None:
        from amqp import AMQPError

        try:
            connection = connect(self._plan.url)
            try:
                self._publish(connection)
            finally:
                with suppress(AMQPError, OSError):
                    connection.close()
        except (AMQPError, OSError) as error:
            self._failure = one_line(f"the broker refuses: {error}", 200)

    def _publish(self, connection: amqp.Connection) -> None:
        import amqp

        channel = connection.channel()
        template = string.Template(self._plan.body)
        due = time.monotonic()
        while len(self._ids) != self._plan.most and not self._over.wait(max(0.0, due - time.monotonic())):
            due += 1 / self._plan.rate_rps
            name = str(uuid.uuid4())
            message = amqp.Message(
                template.substitute({UNIQUE: name}),
                content_type="application/json",
                delivery_mode=2,
                message_id=name,
            )
            channel.basic_publish(message, self._plan.exchange, self._plan.routing_key, confirm_timeout=_TIMEOUT_S)
            self._ids.append(name)


def connect(url: str) -> amqp.Connection:
    """Return an open connection whose publishers wait for the broker's confirmation.

    Raises:
        amqp.AMQPError, OSError: if the broker refuses, or is not there.
    """
    import amqp

    place = urlsplit(url)
    connection = amqp.Connection(
        host=f"{place.hostname}:{place.port}",
        userid=unquote(place.username or ""),
        password=unquote(place.password or ""),
        virtual_host=unquote(place.path.removeprefix("/")) or "/",
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        write_timeout=_TIMEOUT_S,
        confirm_publish=True,
    )
    connection.connect()
    return connection


@contextmanager
def publishing(plan: MessagePlan) -> Iterator[Publishing]:
    """Publish for as long as the block lasts, or until it is stopped there."""
    found = Publishing(plan)
    try:
        yield found
    finally:
        found.end()
