"""A rollout in bins: every request counted once, tasks by version, marks where they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.observe.rollout.picture import picture_of
from exitgate.pictures import Mark
from tests.checks.deployments.test_rolling import CLEAN, EMPTY, LOAD, request, task


def test_every_request_counts_once_in_the_second_in_which_it_ended() -> None:
    picture = picture_of(CLEAN)
    assert picture.bin_s == 1.0
    assert len(picture.answered) == len(picture.failed) == len(picture.latency_p99_ms) == 11
    assert sum(picture.answered) == len(LOAD.requests)
    assert picture.answered[3] == 300
    assert picture.latency_p99_ms[3] == 5


def test_failures_stand_apart_and_a_second_without_an_answer_has_no_latency() -> None:
    bad = tuple(request(n, failure="timeout", status=0) for n in range(600))
    rollout = replace(CLEAN, load=replace(LOAD, requests=bad, ended_s=4.0, planned=600))
    picture = picture_of(rollout)
    assert sum(picture.failed) == 600
    assert sum(picture.answered) == 0
    assert set(picture.latency_p99_ms) == {None}


def test_tasks_run_from_their_start_to_their_end() -> None:
    tasks = (
        task(1, "old", started_s=0.5, ended_s=4.2),
        task(2, "new", started_s=2.5),
        task(3, "new", started_s=0.0, ended_s=3.0),
    )
    series = {each.version: each.running for each in picture_of(replace(CLEAN, tasks=tasks)).tasks}
    assert series["old"][:5] == (1, 1, 1, 0, 0)
    assert series["new"][:4] == (0, 1, 1, 1), "a task without a start never ran"


def test_marks_say_what_was_asked_for_and_what_became_of_it() -> None:
    step = replace(CLEAN.steps[0], result="rolled back", reason="3 failed")
    stuck = replace(step, asked_s=8.0, ended_s=9.0, result="", reason="")
    assert picture_of(replace(CLEAN, steps=(step, stuck))).marks == (
        Mark(at_s=1.0, words="new asked for"),
        Mark(at_s=5.0, words="new rolled back: 3 failed"),
        Mark(at_s=7.0, words="new asked for"),
        Mark(at_s=8.0, words="new not over in time"),
    )


@pytest.mark.parametrize(
    ("length_s", "bin_s"), [(240.0, 1.0), (241.0, 2.0), (3600.0, 30.0), (100_000.0, 100_000 / 240)]
)
def test_a_long_rollout_has_wider_bins(length_s: float, bin_s: float) -> None:
    picture = picture_of(replace(CLEAN, load=replace(LOAD, begun_s=1.0, ended_s=1.0 + length_s)))
    assert picture.bin_s == pytest.approx(bin_s)
    assert len(picture.answered) <= 240
    assert sum(picture.answered) == len(LOAD.requests)


def test_nothing_sent_is_a_picture_of_nothing() -> None:
    assert sum(picture_of(EMPTY).answered) == 0
