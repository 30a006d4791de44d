"""Messages that a workload is in the midst of when it is told to stop, and what it leaves of them in its queue.

The broker marks what it has delivered before and got back: whoever took that kept it from others until it ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from exitgate.errors import ObservationError, one_line
from exitgate.load.messages import MessagePlan, Publishing, connect, publishing
from exitgate.observe.rollout.messages import handled_count, message_plan
from exitgate.provision.backing import Surroundings
from exitgate.target import Messages, Workload
from exitgate.waiting import wait_for

_BACKLOG, _BACKLOG_RPS = 5_000, 2_000.0
"""More than is handled while a workload stops, about as quickly as a broker takes them: whoever consumes is never without one. Not
without end, or the workload would be stopped in a flood, and its requests be late for that."""
_TAKEN_WITHIN_S, _ASK_EVERY_S = 20.0, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one kind of messages by the end of who takes them."""

    name: str
    queue: str
    published: int
    handled: int
    """By the workload's own store."""
    waiting: int
    """Left in the queue, all in all."""
    given_back: int
    """Of these, delivered before and not acknowledged."""


@contextmanager
def backlog(workload: Workload, around: Surroundings) -> Iterator[tuple[tuple[Messages, Publishing], ...]]:
    """Publish more than a workload takes meanwhile, of each kind whose queue is known; after the block no more.

    Raises:
        ObservationError: if a kind names a broker that is none of the workload's.
    """
    with ExitStack() as stack:
        yield tuple(
            (kind, stack.enter_context(publishing(_plan(kind, around)))) for kind in workload.message if kind.taken_from
        )


def _plan(kind: Messages, around: Surroundings) -> MessagePlan:
    return replace(message_plan(kind, around, _BACKLOG_RPS), most=_BACKLOG)


def await_first(around: Surroundings, published: Sequence[tuple[Messages, Publishing]]) -> None:
    """Wait until something of each kind was handled, so that whoever takes it is in the midst of that; not for ever.

    Raises:
        ObservationError: if the store does not say.
    """
    for kind, each in published:
        wait_for(
            partial(_handled_so_far, kind, around, each),
            until=bool,
            timeout_s=_TAKEN_WITHIN_S,
            interval_s=_ASK_EVERY_S,
        )


def left_behind(around: Surroundings, published: Sequence[tuple[Messages, Publishing]]) -> tuple[Taken, ...]:
    """Stop publishing, and look at what is left. To be asked once the workload has ended; the queues are empty after it.

    Raises:
        ObservationError: if the broker did not take the messages or has no such queue, or the store does not say.
    """
    found = []
    for kind, each in published:
        ids = each.stop()
        waiting, given_back = emptied(message_plan(kind, around).url, kind, frozenset(ids))
        found.append(
            Taken(
                name=kind.name,
                queue=kind.taken_from,
                published=len(ids),
                handled=handled_count(kind, around, ids),
                waiting=waiting,
                given_back=given_back,
            )
        )
    return tuple(found)


def emptied(url: str, kind: Messages, ids: frozenset[str]) -> tuple[int, int]:
    """Take everything out of a queue; returns how many of these messages there were, and how many of them were delivered before.

    Raises:
        ObservationError: if the broker has no such queue, or refuses.
    """
    from amqp import AMQPError

    waiting = given_back = 0
    try:
        connection = connect(url)
        try:
            channel = connection.channel()
            while (message := channel.basic_get(kind.taken_from, no_ack=True)) is not None:
                if message.properties.get("message_id") in ids:
                    waiting += 1
                    given_back += bool(message.delivery_info["redelivered"])
        finally:
            with suppress(AMQPError, OSError):
                connection.close()
    except (AMQPError, OSError) as error:
        raise ObservationError(
            f"messages {kind.name}",
            got=one_line(f"queue {kind.taken_from!r} can't be read: {error}", 200),
            expected="the queue from which the workload takes them",
            action="Correct queue in [[service.message]].",
        ) from error
    return waiting, given_back


def _handled_so_far(kind: Messages, around: Surroundings, sent: Publishing) -> int:
    return handled_count(kind, around, sent.ids)
