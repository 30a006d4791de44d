"""Messages for a real broker: each is confirmed and there once; a broker that refuses is one line."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import amqp
import pytest

from exitgate.errors import ObservationError
from exitgate.load.messages import MessagePlan, connect, publishing
from exitgate.observe.consumers import emptied
from exitgate.provision.backing import Server, servers
from exitgate.provision.backing.kind import Access
from exitgate.provision.backing.rabbitmq import RabbitMQ
from exitgate.provision.engine import Engine, find_builder
from exitgate.provision.sweep import of_run, remove
from exitgate.target import Backing, Messages
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]

QUEUE = "taken"
KIND = Messages(name="placed", routing_key=QUEUE, body='"$unique"', effects="SELECT count(*) WHERE '' = ANY(%(ids)s)")


@pytest.fixture(scope="module")
def broker(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    run = run_in(tmp_path_factory.mktemp("run"))
    declared = Backing(name="rabbitmq", kind="rabbitmq", image="registry.invalid/rabbitmq:1", substitute=True)
    try:
        yield servers(engine, find_builder(), run, [declared], frozenset({"rabbitmq"}))["rabbitmq"]
    finally:
        remove(of_run(engine, run.id))


@pytest.fixture
def queue(broker: Server) -> Iterator[amqp.Channel]:
    connection = connect(address(broker))
    channel = connection.channel()
    channel.queue_declare(QUEUE, auto_delete=False)
    yield channel
    channel.queue_delete(QUEUE)
    connection.close()


def address(broker: Server) -> str:
    access = broker.locally
    return RabbitMQ().url(Access(host=access.host, port=access.port, user=access.user, password=access.password))


def plan(url: str, **changes: object) -> MessagePlan:
    values = {"exchange": "", "routing_key": QUEUE, "body": '{"id": "$unique", "price": "$$5"}', "rate_rps": 50.0}
    return MessagePlan(name="placed", url=url, **{**values, **changes})  # type: ignore[arg-type]


def test_each_message_is_there_once_with_its_own_id(broker: Server, queue: amqp.Channel) -> None:
    with publishing(plan(address(broker))) as sent:
        threading.Event().wait(0.5)
        ids = sent.stop()
    taken = [queue.basic_get(QUEUE, no_ack=True) for _ in ids]
    assert len(ids) > 1
    assert [message.properties["message_id"] for message in taken] == ids
    assert [json.loads(message.body) for message in taken] == [{"id": each, "price": "$5"} for each in ids]
    assert queue.basic_get(QUEUE, no_ack=True) is None


def test_after_as_many_as_are_wanted_no_more_come(broker: Server, queue: amqp.Channel) -> None:
    with publishing(plan(address(broker), rate_rps=2_000.0, most=7)) as sent:
        threading.Event().wait(0.5)
        ids = sent.stop()
    assert (len(ids), sent.ids) == (7, ids)
    assert emptied(address(broker), KIND, frozenset(ids[1:])) == (6, 0)


def test_an_exchange_that_nobody_declared_is_one_line(broker: Server) -> None:
    with publishing(plan(address(broker), exchange="nowhere")) as sent:
        threading.Event().wait(0.3)
        with pytest.raises(ObservationError, match=r"messages placed: the broker refuses.*nowhere"):
            sent.stop()


def test_of_what_a_consumer_left_those_are_known_that_it_had_been_given(broker: Server, queue: amqp.Channel) -> None:
    with publishing(plan(address(broker))) as sent:
        threading.Event().wait(0.5)
        ids = frozenset(sent.stop())
    consumer = connect(address(broker))
    channel = consumer.channel()
    handled, *dropped = [channel.basic_get(QUEUE) for _ in range(4)]
    channel.basic_ack(handled.delivery_tag)
    consumer.close()
    assert emptied(address(broker), KIND, ids) == (len(ids) - 1, len(dropped))
    assert emptied(address(broker), KIND, ids) == (0, 0)


def test_a_queue_that_is_not_there_is_one_line(broker: Server) -> None:
    with pytest.raises(ObservationError, match="messages placed: queue 'nowhere' can't be read") as caught:
        emptied(address(broker), KIND.model_copy(update={"queue": "nowhere"}), frozenset())
    assert "Correct queue" in str(caught.value)


def test_a_broker_that_is_not_there_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"amqp://exitgate:secret@127.0.0.1:{taken.getsockname()[1]}/%2F"
        with publishing(plan(url)) as sent:
            threading.Event().wait(0.1)
            with pytest.raises(ObservationError, match="the broker refuses") as caught:
                sent.stop()
    assert "secret" not in str(caught.value)
