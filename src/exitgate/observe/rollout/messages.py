"""Messages that a workload takes from its broker while its versions are replaced: published here, counted by its own store."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from urllib.parse import urlsplit

from exitgate.errors import ObservationError
from exitgate.load.messages import MessagePlan, Publishing, publishing
from exitgate.observe.rollout.facts import MessagesSeen
from exitgate.observe.rollout.load import ask_store
from exitgate.provision.backing import Surroundings
from exitgate.target import Messages, Workload
from exitgate.waiting import wait_for

RATE_RPS = 4.0
"""Messages a second of each kind, during a rollout."""
_HANDLED_WITHIN_S, _ASK_EVERY_S = 20.0, 0.2
"""After the last one: what a stopped task gave back is handled by then."""


@contextmanager
def messages_to(workload: Workload, around: Surroundings) -> Iterator[tuple[Publishing, ...]]:
    """Publish what a workload takes, each kind at its own rate, for as long as the block lasts; nothing where it takes none.

    Raises:
        ObservationError: if a kind names a broker that is none of the workload's.
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(publishing(message_plan(each, around))) for each in workload.message)


def message_plan(kind: Messages, around: Surroundings, rate_rps: float = RATE_RPS) -> MessagePlan:
    """Return how one kind of messages is published.

    Raises:
        ObservationError: if it names a broker that is none of the workload's.
    """
    url = urlsplit(around.environment.get(kind.broker, ""))
    port = around.local_ports.get(url.hostname or "")
    if port is None:
        raise ObservationError(
            f"messages {kind.name}",
            got=f"no broker that {kind.broker} tells of",
            expected="the variable of one of the workload's backing servers",
            action="Correct broker in [[service.message]].",
        )
    credentials, _, _ = url.netloc.rpartition("@")
    return MessagePlan(
        name=kind.name,
        url=f"amqp://{credentials}@127.0.0.1:{port}{url.path}",
        exchange=kind.exchange,
        routing_key=kind.routing_key,
        body=kind.body,
        rate_rps=rate_rps,
    )


def handled_count(kind: Messages, around: Surroundings, ids: Sequence[str]) -> int:
    """Return how many messages of one kind the workload has handled, by its own store.

    Args:
        ids: Of those that are asked for.

    Raises:
        ObservationError: if the store does not say.
    """
    return ask_store(f"messages {kind.name}", kind.effects, kind.effects_in, around, {"ids": [*ids]})


def handled(workload: Workload, around: Surroundings, published: Sequence[Publishing]) -> tuple[MessagesSeen, ...]:
    """Stop publishing, and count what was handled once the workload has had the time for it.

    Raises:
        ObservationError: if the broker did not take the messages, or the store does not say.
    """
    found = []
    for kind, each in zip(workload.message, published, strict=True):
        ids = each.stop()
        count, _ = wait_for(
            partial(handled_count, kind, around, ids),
            until=partial(operator.le, len(ids)),
            timeout_s=_HANDLED_WITHIN_S,
            interval_s=_ASK_EVERY_S,
        )
        found.append(MessagesSeen(name=kind.name, published=len(ids), handled=count))
    return tuple(found)
