"""Ten thousand names that somebody chose to do harm, through every format: all of them text, every file still of its kind."""

from __future__ import annotations

import json
import random
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from sarif_pydantic import Sarif

from exitgate.provenance import Evidence
from exitgate.record import Record
from exitgate.reporting.annotations import render_annotations
from exitgate.reporting.html import render_html
from exitgate.reporting.junit import render_junit
from exitgate.reporting.markdown import MAX_BYTES, render_markdown
from exitgate.reporting.oscal import render_oscal
from exitgate.reporting.sarif import render_sarif
from tests.reporting.pages import Page
from tests.reporting.records import FINDING, MARKUP, judged, passing, record_of

CHECKS = 2_500
NAMES = 4 * CHECKS
"""A subject, a message, a place and a file of evidence for each check."""
PARTS = (
    MARKUP,
    "</title></style></script><svg onload=alert(1)>",
    "]]><!--",
    "\u202e\u2066txt.exe\u2069",
    "\u200f\u200b\ufeff",
    "\x00\x07\x1b[2J\x7f\x85",
    "\r\n::error file=x::y",
    "\u2028\u2029",
    "%0A%0D",
    "javascript:alert(1)",
    "@everyone [x](http://x.example)",
    "${{ github.token }}`id`",
    "\U000e0041\U0010ffff",
    "\N{PILE OF POO}",
    "e\u0301" * 20,
    "x" * 600,
)


@pytest.fixture(scope="module")
def hostile() -> Record:
    chance = random.Random(10)
    names = iter([" ".join(chance.choices(PARTS, k=2)) + f" {number}" for number in range(NAMES)])
    record = record_of(judged(passing))
    first = record.controls[0].checks[0]
    checks = tuple(
        first.model_copy(
            update={
                "subject": next(names),
                "status": "not_met" if number % 3 else "met",
                "message": next(names),
                "findings": (replace(FINDING, location=f"{next(names)}:3"),),
                "evidence": (Evidence(name="seen", sha256="ab" * 32, path=f"evidence/{next(names)}"),),
            }
        )
        for number in range(CHECKS)
    )
    controls = (record.controls[0].model_copy(update={"status": "not_met", "checks": checks}), *record.controls[1:])
    # What was stored is what a reader finds: surrogates and the like can't get into a file.
    return Record.model_validate_json(record.model_copy(update={"controls": controls}).model_dump_json())


def test_the_page_stays_whole_inert_and_within_its_bounds(hostile: Record) -> None:
    text = render_html(hostile)
    assert len(text.encode()) < 3 * len(hostile.model_dump_json().encode()) + 500_000
    page = Page(text)
    allowed = {"svg", "path", "text", "g", "rect"}
    assert {"script", "img", "iframe", "object", "form", "link", "base"}.isdisjoint(e.tag for e in page.root.everything)
    for element in page.root.everything:
        assert element.tag in allowed or not [
            name for name in element.attributes if name.startswith("on") or name in {"style", "src", "srcdoc"}
        ]
    links = {link.attributes["href"] for link in page.root.all("a")}
    assert not [link for link in links if not re.match(r"#|record\.json$|evidence/", link)]
    ids = [e.attributes["id"] for e in page.root.everything if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200f\u202e\u2066\u2028\ufeff]", text)


def test_every_other_format_is_still_of_its_kind(hostile: Record) -> None:
    cases = ET.fromstring(render_junit(hostile)).iter("testcase")
    assert sum(1 for _ in cases) >= CHECKS
    Sarif.model_validate(json.loads(render_sarif(hostile)))
    assert len(json.loads(render_oscal(hostile))["assessment-results"]["results"][0]["observations"]) >= CHECKS
    assert Record.model_validate_json(hostile.model_dump_json()) == hostile
    markdown = render_markdown(hostile)
    assert len(markdown.encode()) <= MAX_BYTES + 200
    assert not re.search(r"<(?!/?code>)|\]\(|@everyone", markdown)
    for line in render_annotations(hostile).splitlines():
        assert re.match(r"::(error|warning|notice) ", line), line[:80]
