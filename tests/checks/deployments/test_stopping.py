"""The rule for a workload that is told to stop: of a clean stop, of faulty ones, and of one of which nothing was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.deployments import rude_stops
from exitgate.errors import PrerequisiteMissing
from exitgate.load.results import LoadResults, Request
from exitgate.observation import Substrate
from exitgate.observe.consumers import Taken
from exitgate.observe.stopping import Stopping


def request(number: int, sent_s: float, ended_s: float, failure: str = "", status: int = 200) -> Request:
    return Request(
        stream="read-slow",
        number=number,
        intended_s=sent_s,
        sent_s=sent_s,
        ended_s=ended_s,
        status=status,
        failure=failure,
        version="1",
        task="",
    )


def stopping(*requests: Request, **changes: object) -> Stopping:
    seen = Stopping(
        substrate=Substrate(name="made up", assurance=Assurance.EXECUTED),
        workload="orders",
        location="apps/orders/Dockerfile",
        signal="SIGTERM",
        stop_timeout_s=30.0,
        signalled_s=10.0,
        ended_s=11.0,
        exit_code=0,
        load=LoadResults(begun_s=8.0, ended_s=10.0, requests=requests, planned=len(requests), unsent=0),
        messages=(),
        last_words="bye",
        starved_percent=10.0,
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


ANSWERED = request(1, 9.5, 10.4)


def test_a_workload_that_answers_what_it_has_begun_and_ends_is_clean() -> None:
    assert rude_stops(stopping(ANSWERED)) == []


def test_what_was_sent_with_the_signal_or_after_it_is_nobody_s_fault() -> None:
    late = request(2, 9.95, 10.1, "closed", 0), request(3, 10.2, 10.2, "connect: refused", 0)
    assert rude_stops(stopping(ANSWERED, *late)) == []


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (stopping(ANSWERED, request(2, 9.5, 10.1, "reset", 0)), "drops requests in flight"),
        (stopping(ANSWERED, request(2, 9.5, 10.1, "status", 500)), "drops requests in flight"),
        (stopping(ANSWERED, ended_s=40.2, exit_code=137), "does not end on SIGTERM and is killed"),
        (stopping(ANSWERED, exit_code=143), "ends with an error on SIGTERM"),
        (stopping(ANSWERED, exit_code=137), "ends with an error on SIGTERM"),
    ],
)
def test_each_rude_end_is_named(seen: Stopping, message: str) -> None:
    found = rude_stops(seen)
    assert [message in each.message for each in found] == [True]
    assert found[0].location == "apps/orders/Dockerfile"


def test_a_finding_says_what_was_dropped_and_how() -> None:
    (found,) = rude_stops(stopping(ANSWERED, request(2, 9.5, 10.1, "status", 500)))
    assert found.got == "1 of 2 failed: read-slow (status 500)"


def test_nothing_in_flight_is_no_pass() -> None:
    with pytest.raises(PrerequisiteMissing, match="no request was in flight"):
        rude_stops(stopping(request(1, 8.5, 9.0)))


def test_nothing_sent_is_no_pass() -> None:
    with pytest.raises(PrerequisiteMissing, match="no request was in flight"):
        rude_stops(stopping())


def test_a_starved_machine_is_not_the_workload_s_fault() -> None:
    with pytest.raises(PrerequisiteMissing, match="waited for a processor"):
        rude_stops(stopping(ANSWERED, request(2, 9.5, 10.1, "timeout", 0), starved_percent=97.0))


def test_a_connection_that_is_closed_is_the_workload_s_fault_on_a_starved_machine_too() -> None:
    assert len(rude_stops(stopping(ANSWERED, request(2, 9.5, 10.1, "closed", 0), starved_percent=97.0))) == 1


def test_whoever_stays_until_killed_is_named_on_a_starved_machine_too() -> None:
    seen = stopping(ANSWERED, ended_s=40.2, exit_code=137, starved_percent=97.0)
    assert [each.expected for each in rude_stops(seen)] == ["an end within its stop timeout of 30 s"]


TAKEN = Taken(name="order-placed", queue="orders", published=400, handled=90, waiting=310, given_back=0)


def test_a_workload_that_handles_what_it_was_given_and_takes_no_more_is_clean() -> None:
    assert rude_stops(stopping(ANSWERED, messages=(TAKEN,))) == []


def test_messages_that_were_delivered_and_given_back_are_named_with_their_queue() -> None:
    (finding,) = rude_stops(stopping(ANSWERED, messages=(replace(TAKEN, given_back=7),)))
    assert finding.message == "orders takes messages from orders that it does not handle before it ends"
    assert finding.got == "7 of 310 messages order-placed left had been delivered to it"


def test_messages_given_back_on_a_machine_without_time_are_nobody_s_fault() -> None:
    with pytest.raises(PrerequisiteMissing, match="waited for a processor"):
        rude_stops(stopping(ANSWERED, messages=(replace(TAKEN, given_back=7),), starved_percent=99.0))


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param(replace(TAKEN, handled=0), id="took none"),
        pytest.param(replace(TAKEN, handled=400, waiting=0), id="left none"),
    ],
)
def test_of_a_consumer_that_was_not_stopped_in_its_work_nothing_is_said(taken: Taken) -> None:
    with pytest.raises(PrerequisiteMissing, match="nothing is said about how it stops to take them"):
        rude_stops(stopping(ANSWERED, messages=(taken,)))


def test_a_consumer_that_handled_none_of_what_it_was_given_is_told_of() -> None:
    (finding,) = rude_stops(stopping(ANSWERED, messages=(replace(TAKEN, handled=0, given_back=10),)))
    assert "does not handle" in finding.message


def test_what_is_seen_of_a_stop_is_told_also_where_nothing_is_known_of_its_messages() -> None:
    seen = stopping(ANSWERED, exit_code=143, messages=(replace(TAKEN, handled=0),))
    (finding,) = rude_stops(seen)
    assert finding.message == "orders ends with an error on SIGTERM"
