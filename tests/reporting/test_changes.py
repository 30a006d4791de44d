"""What changed since an earlier record: on the page, and nothing invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.difference import fact_changes, finding_changes
from exitgate.record import Record
from exitgate.reporting.html import render_html
from tests.reporting.pages import Page
from tests.reporting.records import FINDING, MARKUP, NOT_MET, judged, mixed_record, passing, record_of

EARLIER = record_of(judged(passing), run_id="run-0")


def page_of(later: Record, earlier: Record = EARLIER) -> Page:
    return Page(render_html(later, earlier=earlier))


def test_the_page_says_what_is_worse_and_which_findings_came() -> None:
    said = page_of(mixed_record())["changes"]
    assert "Since run run-0 of 2026-11-01 04:22:10 UTC" in said.text
    worse = [item.text for item in said.all("ul", "changes")[0].all("li")]
    assert any(NOT_MET in item and "not met" in item for item in worse)
    assert FINDING.message in said.text
    facts = {row.all("th")[0].text: row.all("td")[1].text for row in said.all("tbody")[0].all("tr")}
    assert facts["verdict"] == "failed"
    assert facts["kind of run"] == "rehearsal"
    assert any(name.startswith("waiver of") for name in facts)


def test_the_other_way_round_it_is_better_and_findings_are_gone() -> None:
    said = page_of(EARLIER, mixed_record())["changes"].text
    assert "0 checks worse" in said
    assert "Gone" in said
    assert "New " not in said


def test_equal_records_differ_in_nothing() -> None:
    assert "Nothing but times and digests." in page_of(EARLIER)["changes"].text
    assert fact_changes(EARLIER, EARLIER) == []
    assert finding_changes(mixed_record(), mixed_record()) == []


def test_without_an_earlier_record_nothing_is_said_of_changes() -> None:
    page = Page(render_html(mixed_record()))
    assert not [e for e in page.root.everything if e.attributes.get("id") == "changes"]


def test_another_target_is_said_loudly() -> None:
    other = EARLIER.model_copy(update={"target": EARLIER.target.model_copy(update={"name": "another"})})
    assert "another gate or target" in page_of(EARLIER, other)["changes"].text


def test_checks_of_one_record_alone_are_neither_better_nor_worse() -> None:
    fewer = EARLIER.model_copy(update={"controls": EARLIER.controls[1:]})
    said = page_of(EARLIER, fewer)["changes"].text
    assert "0 checks worse, 0 better" in said
    assert "not in the earlier run" in said


def with_finding(location: str) -> Record:
    control = EARLIER.controls[0]
    check = control.checks[0].model_copy(update={"findings": (replace(FINDING, location=location),)})
    return EARLIER.model_copy(update={"controls": (control.model_copy(update={"checks": (check,)}),)})


@pytest.mark.parametrize(("location", "changed"), [("Dockerfile:32", 0), ("other/Dockerfile:31", 2)])
def test_a_finding_whose_line_moved_is_the_same(location: str, changed: int) -> None:
    assert len(finding_changes(with_finding("Dockerfile:31"), with_finding(location))) == changed


def test_what_an_earlier_record_says_stays_text() -> None:
    hostile = EARLIER.model_copy(update={"run_id": MARKUP, "started": MARKUP, "controls": ()})
    assert MARKUP in page_of(EARLIER, hostile)["changes"].text
