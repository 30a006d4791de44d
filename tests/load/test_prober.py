"""The prober, against a server that fails when it is told to."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, UsageError
from exitgate.load import LoadPlan, LoadResults, Stream, probing, read_results
from exitgate.load.plan import Connections
from exitgate.load.results import percentile
from tests.load.server import FaultyServer, faulty_server
from tests.runs import run_in

KEPT = Stream(name="kept", rate_rps=100, path="/")
FRESH = Stream(name="fresh", rate_rps=20, path="/", connections=Connections.FRESH)
SLOW = Stream(
    name="slow", rate_rps=20, path="/", method="POST", body="x" * 80, slow_s=0.2, key_header="key", key_prefix="k"
)


def plan_for(server: FaultyServer, *streams: Stream) -> LoadPlan:
    return LoadPlan(address="127.0.0.1", port=server.port, streams=streams, longest_s=20, timeout_s=1.0)


def probe(folder: Path, plan: LoadPlan, seconds: float = 0.8) -> LoadResults:
    with probing(run_in(folder), plan) as prober:
        threading.Event().wait(seconds)
        return prober.stop()


def test_every_request_is_accounted_for_whatever_its_kind(tmp_path: Path) -> None:
    with faulty_server() as server:
        results = probe(tmp_path, plan_for(server, KEPT, FRESH, SLOW))
        slow = [request for request in results.requests if request.stream == "slow"]
        assert server.posts == len(slow) > 0
    assert results.unaccounted == results.unsent == 0
    assert results.failed == ()
    assert {request.stream for request in results.requests} == {"kept", "fresh", "slow"}
    assert {request.version for request in results.requests} == {"1.0"}
    assert all(request.ended_s - request.sent_s >= 0.2 for request in slow)
    assert all(request.sent_s >= request.intended_s for request in results.requests)


def test_a_slow_request_without_a_body_is_in_flight_while_its_head_ends(tmp_path: Path) -> None:
    slow = Stream(name="slow-read", rate_rps=20, path="/", slow_s=0.2)
    with faulty_server() as server:
        results = probe(tmp_path, plan_for(server, slow, replace(slow, name="fresh", connections=Connections.FRESH)))
    assert results.unaccounted == 0
    assert results.failed == ()
    assert {request.stream for request in results.requests} == {"slow-read", "fresh"}
    assert all(request.ended_s - request.sent_s >= 0.2 for request in results.requests)


@pytest.mark.parametrize(
    ("mode", "failure"), [("503", "status"), ("reset", "reset"), ("silent", "timeout"), ("nonsense", "malformed")]
)
def test_a_failure_is_told_by_its_kind(tmp_path: Path, mode: str, failure: str) -> None:
    with faulty_server() as server:
        server.mode = mode
        results = probe(tmp_path, plan_for(server, replace(KEPT, rate_rps=20)), 0.3)
    assert results.requests
    assert all(request.failure.startswith((failure, "closed")) for request in results.requests)


MAKE = Stream(name="make", rate_rps=40, path="/", method="POST", body="{}")
THEN = Stream(
    name="then",
    rate_rps=40,
    path="/made/$order",
    connections=Connections.FRESH,
    after="make",
    saves=(("order", "id"),),
)


@pytest.mark.parametrize("mode", ["shop", "chunked shop"])
def test_what_was_made_is_asked_for_once_each_on_another_connection(tmp_path: Path, mode: str) -> None:
    with faulty_server() as server:
        server.mode = mode
        results = probe(tmp_path, plan_for(server, MAKE, THEN))
        made = [request for request in results.requests if request.stream == "make"]
        then = [request for request in results.requests if request.stream == "then"]
        assert server.posts == len(made) == len(then) > 0
    assert results.failed == ()
    assert results.unaccounted == 0
    assert {request.number for request in then} == {request.number for request in made}
    ends = {request.number: request.ended_s for request in made}
    assert all(0 <= request.intended_s - ends[request.number] < 0.5 for request in then)


@pytest.mark.parametrize(
    ("mode", "failure", "status"),
    [("forgetful", "status", 404), ("wordless", "nothing to follow: no id in the answer", 201)],
)
def test_what_was_made_and_is_not_known_afterwards_fails(tmp_path: Path, mode: str, failure: str, status: int) -> None:
    with faulty_server() as server:
        server.mode = mode
        results = probe(tmp_path, plan_for(server, MAKE, THEN), 0.3)
    assert results.unaccounted == 0
    assert {request.stream for request in results.failed} == {"then"}
    assert {(request.failure, request.status) for request in results.failed} == {(failure, status)}
    assert len(results.failed) * 2 == len(results.requests)


def test_after_a_failure_nothing_is_asked_for(tmp_path: Path) -> None:
    with faulty_server() as server:
        server.mode = "503"
        results = probe(tmp_path, plan_for(server, MAKE, THEN), 0.3)
    assert {request.stream for request in results.requests} == {"make"}
    assert results.unaccounted == 0


def test_an_answer_in_chunks_is_one(tmp_path: Path) -> None:
    with faulty_server() as server:
        server.mode = "chunks"
        assert probe(tmp_path, plan_for(server, KEPT), 0.3).failed == ()


@pytest.mark.parametrize("mode", ["503", "reset", "silent"])
def test_an_outage_is_found_and_is_as_long_as_it_was(tmp_path: Path, mode: str) -> None:
    with faulty_server() as server, probing(run_in(tmp_path), plan_for(server, replace(KEPT, rate_rps=200))) as prober:
        threading.Event().wait(0.3)
        server.mode = mode
        threading.Event().wait(0.3)
        server.mode = "good"
        threading.Event().wait(0.3)
        results = prober.stop()
    assert results.failed
    assert results.longest_gap().length_s > 0.2


def test_nobody_there_is_a_failure_of_each_request(tmp_path: Path) -> None:
    with faulty_server() as server:
        plan = plan_for(server, KEPT)
    results = probe(tmp_path, plan, 0.2)
    assert {request.failure for request in results.requests} == {"connect: refused"}


def test_a_prober_that_ends_early_is_an_error_and_what_it_saw_is_kept(tmp_path: Path) -> None:
    with faulty_server() as server, probing(run_in(tmp_path), plan_for(server, KEPT)) as prober:
        prober._process.kill()
        with pytest.raises(ObservationError, match="ended early with exit code -9"):
            prober.stop()
        assert prober.so_far().requests


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "8.8.8.8"}, "8.8.8.8"),
        ({"streams": ()}, "no load"),
        ({"streams": (THEN,)}, "no load by itself"),
        ({"streams": (KEPT, THEN)}, "a stream after make"),
        ({"streams": (MAKE, THEN, replace(THEN, name="third", after="then"))}, "a stream after then"),
        ({"longest_s": 1e9}, "1e"),
        ({"streams": (Stream(name="x", rate_rps=1e6, path="/"),)}, "requests a second"),
    ],
)
def test_load_that_leaves_this_machine_or_has_no_bound_is_refused(change: dict[str, object], words: str) -> None:
    good = LoadPlan(address="127.0.0.1", port=1, streams=(KEPT,), longest_s=1)
    with pytest.raises(UsageError, match=words):
        replace(good, **change)  # type: ignore[arg-type]


def test_a_plan_survives_its_way_to_the_process() -> None:
    plan = LoadPlan(address="127.0.0.1", port=1, streams=(KEPT, FRESH, replace(SLOW, accepts=(201,))), longest_s=1)
    assert LoadPlan.from_json(plan.to_json()) == plan


def test_a_line_that_is_none_of_the_probers_is_an_error_and_half_a_line_waits(tmp_path: Path) -> None:
    plan = LoadPlan(address="127.0.0.1", port=1, streams=(KEPT,), longest_s=1)
    path = tmp_path / "results.jsonl"
    path.write_text('["begun",1.0]\n["request",0,0,1.0,1.0', encoding="utf-8")
    assert read_results(path, plan).requests == ()
    path.write_text('["something"]\n', encoding="utf-8")
    with pytest.raises(ObservationError, match="can't be read"):
        read_results(path, plan)


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([], 99) == 0
    assert [percentile([3, 1, 2, 4], percent) for percent in (0, 50, 75, 99, 100)] == [1, 2, 3, 4, 4]
