"""The drawing of a rollout: true to its numbers, told in words too, and inert."""

from __future__ import annotations

import re

import pytest

from exitgate.pictures import Mark, RolloutPicture, VersionSeries
from exitgate.reporting.html import render_html
from exitgate.reporting.html.timeline import LEFT, RIGHT, WIDTH, timelines_of
from tests.reporting.pages import Page
from tests.reporting.records import MARKUP, judged, passing, record_of

PICTURE = RolloutPicture(
    scenario="clean",
    workload="orders",
    bin_s=1.0,
    answered=(100, 100, 98, 0, 100),
    failed=(0, 0, 2, 0, 0),
    latency_p99_ms=(10, 20, 40, None, 10),
    tasks=(
        VersionSeries(version="previous", running=(2, 2, 2, 1, 0)),
        VersionSeries(version="new", running=(0, 1, 2, 2, 2)),
    ),
    marks=(Mark(at_s=1.2, words="new asked for"), Mark(at_s=9.0, words="new completed")),
)
"""Five seconds; two requests fail in the third, and in the fourth none ends."""


def page_of(*pictures: RolloutPicture) -> Page:
    return Page(render_html(record_of(judged(passing), pictures=pictures)))


def test_the_drawing_is_told_in_words_and_numbers() -> None:
    (figure,) = page_of(PICTURE).root.all("figure", "rollout")
    (drawing,) = figure.all("svg")
    said = figure.text
    assert drawing.attributes["role"] == "img"
    for words in ("orders, clean", "398 requests answered and 2 failed in 5 s", "40 ms in its worst second"):
        assert words in said
    named = drawing.attributes["aria-labelledby"].split()
    assert all(any(e.attributes.get("id") == name for e in figure.everything) for name in named)
    rows = [[cell.text for cell in row.all("th") + row.all("td")] for row in figure.all("tbody")[0].all("tr")]
    assert rows == [
        ["the load begins", "0 s", "1 s", "100", "0", "10 ms", "2", "0"],
        ["new asked for", "1 s", "4 s", "198", "2", "40 ms", "1\N{EN DASH}2", "1\N{EN DASH}2"],
        ["new completed", "4 s", "5 s", "100", "0", "10 ms", "0", "2"],
    ]
    assert [item.text for item in figure.all("ol")[0].all("li")] == ["1.2 s new asked for", "9 s new completed"]


def test_shapes_stay_inside_and_a_single_failure_is_seen() -> None:
    (line,) = timelines_of([PICTURE])
    paths = (line.requests.path, line.failures, line.latency.path, *(lane.path for lane in line.lanes))
    for path in paths:
        across = [float(n) for n in re.findall(r"[MH](-?[\d.]+)", path)]
        down = [float(n) for n in re.findall(r"(?:V|M[\d.]+ )(-?[\d.]+)", path)]
        assert min(across) >= LEFT
        assert max(across) <= WIDTH - RIGHT
        assert min(down) >= 0
        assert max(down) <= line.bottom
    top = [float(n) for n in re.findall(r"V([\d.]+)", line.failures)]
    assert top[1] - top[0] >= 1.9
    assert line.latency.path.count("M") == 2, "a second without an answer breaks the line"


def test_nothing_but_numbers_and_text_is_drawn() -> None:
    hostile = PICTURE.model_copy(
        update={
            "workload": MARKUP,
            "scenario": "a\u202eb",
            "marks": (Mark(at_s=1.0, words=MARKUP),),
            "tasks": (VersionSeries(version=MARKUP, running=(1, 1, 1, 1, 1)),),
        }
    )
    page = page_of(hostile)
    (drawing,) = page.root.all("svg")
    assert {each.tag for each in drawing.everything} == {"svg", "g", "path", "text"}
    assert not [e for e in drawing.everything if {"style", "href", "onclick", "onload"} & set(e.attributes)]
    assert not page.root.all("script") + page.root.all("img")
    assert "a\\u202eb" in page.root.text
    assert MARKUP in page.root.text


@pytest.mark.parametrize(
    "changes",
    [
        {"answered": ()},
        {"failed": (1,)},
        {"tasks": (VersionSeries(version="new", running=(1,)),)},
    ],
)
def test_a_picture_that_does_not_fit_together_is_not_drawn(changes: dict[str, object]) -> None:
    assert timelines_of([PICTURE.model_copy(update=changes)]) == []


def test_nothing_answered_and_nothing_run_is_still_drawn() -> None:
    nothing = PICTURE.model_copy(
        update={"answered": (0,), "failed": (0,), "latency_p99_ms": (None,), "tasks": (), "marks": ()}
    )
    (figure,) = page_of(nothing).root.all("figure", "rollout")
    assert "none was answered" in figure.text


def test_without_a_rollout_there_is_no_section() -> None:
    page = page_of()
    assert not page.root.all("figure") + page.root.all("svg")
    assert "#rollouts" not in {link.attributes["href"] for link in page.root.all("a")}
