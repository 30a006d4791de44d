"""The HTML report: complete, true to the record, and inert whatever the record holds."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.finding import Finding
from exitgate.outcome import Outcome, Status
from exitgate.provenance import Evidence
from exitgate.record import ControlEntry, ImageEntry, Record
from exitgate.reporting.html import render_html, write_html
from exitgate.verdict import Expected
from tests.reporting.pages import Page
from tests.reporting.records import (
    BROKEN,
    EXCLUDED,
    FINDING,
    GATE,
    MARKUP,
    NOT_MET,
    UNSEEN,
    WAIVED,
    judged,
    mixed_record,
    passing,
    record_of,
    with_text,
)


@pytest.fixture(scope="module")
def mixed() -> Record:
    """A record that has every status in it."""
    return mixed_record()


@pytest.fixture(scope="module")
def page(mixed: Record) -> Page:
    """The page of that record."""
    return Page(render_html(mixed))


@pytest.mark.parametrize("keep", [frozenset(), frozenset({"status", "criterion", "verdict"})])
def test_hostile_strings_stay_text(mixed: Record, keep: frozenset[str]) -> None:
    data = mixed.model_dump(mode="json")
    hostile = Record.model_validate(with_text(data, MARKUP, keep=keep))
    text = render_html(hostile)
    page = Page(text)
    assert "<script" not in text
    assert not page.root.all("img")
    for element in page.root.everything:
        assert not [name for name in element.attributes if name.startswith("on") or name in {"style", "src", "srcdoc"}]
        assert not element.attributes.get("href", "").startswith("javascript")
    assert MARKUP in page.root.text


def test_the_policy_lets_in_the_style_sheet_and_nothing_else(page: Page) -> None:
    (style,) = page.root.all("style")
    (policy,) = [e.attributes["content"] for e in page.root.all("meta") if "http-equiv" in e.attributes]
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_loads_nothing(page: Page) -> None:
    loading = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "svg", "source"}
    assert not [e.tag for e in page.root.everything if e.tag in loading]
    assert not re.search(r"url\(|@import|expression\(|</", page.root.all("style")[0].text)
    links = [e.attributes["href"] for e in page.root.all("a")]
    assert [link for link in links if not re.match(r"#|record\.json$|evidence/", link)] == []


def test_every_control_and_requirement_has_its_place(page: Page, mixed: Record) -> None:
    assert len(mixed.controls) == 58
    for control in (*mixed.controls, *mixed.requirements):
        article = page[f"control:{control.id}"]
        (heading,) = article.all("h3")
        assert heading.text == f"{control.id} {control.title}"
        for said in (control.rationale, control.remediation, *(check.says for check in control.checks)):
            assert said in article.text
    order = [e.attributes["id"] for e in page.root.all("article", "control")]
    assert [name for name in order if name[8:] in {c.id for c in mixed.controls}] == [
        f"control:{control.id}" for control in mixed.controls
    ]
    rows = page["index"].all("a", "id")
    assert [row.text for row in rows] == [control.id for control in (*mixed.controls, *mixed.requirements)]


def test_every_link_within_the_page_leads_somewhere_and_no_id_stands_twice(page: Page) -> None:
    ids = [e.attributes["id"] for e in page.root.everything if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    targets = {e.attributes["href"][1:] for e in page.root.all("a") if e.attributes["href"].startswith("#")}
    named = {e.attributes["aria-labelledby"] for e in page.root.everything if "aria-labelledby" in e.attributes}
    assert targets | named <= set(ids)


def test_headings_tables_and_language_serve_a_screen_reader(page: Page) -> None:
    assert page.root.all("html")[0].attributes["lang"] == "en"
    assert len(page.root.all("h1")) == len(page.root.all("main")) == 1
    for table in page.root.all("table"):
        assert table.all("caption")
        assert all("scope" in head.attributes for head in table.all("th"))


@pytest.mark.parametrize(
    ("control", "word"),
    [
        ("3.1.A.1.1", "met"),
        (NOT_MET, "not met"),
        (BROKEN, "error"),
        (UNSEEN, "not assessed"),
        (WAIVED, "waived"),
        (EXCLUDED, "not applicable"),
    ],
)
def test_each_status_is_a_word_and_a_sign(page: Page, control: str, word: str) -> None:
    article = page[f"control:{control}"]
    for badge in article.all("span", "badge"):
        sign = badge.all("span", "sign")[0].text
        assert badge.text == sign + word
        assert sign.strip()
    (details,) = [e for e in article.inside if e.tag == "details"]
    assert ("open" in details.attributes) == (word in {"not met", "error"})


def test_the_criteria_are_counted(page: Page, mixed: Record) -> None:
    by_status, by_level = page["criteria"].all("table")
    rows = [[cell.text for cell in row.all("td", "number")] for row in by_status.all("tr")[1:]]
    assert len(rows) == len(GATE.criteria) + 2
    assert rows[-1] == ["58", "1", "1", "1", "1", "1", "63"]
    assert rows[1][-1] == "12"
    levels = [int(cell.text) for cell in by_level.all("tfoot")[0].all("td")]
    met = [control for control in (*mixed.controls, *mixed.requirements) if control.status == "met"]
    assert levels[:-1] == [sum(c.assurance == level.label for c in met) for level in Assurance]
    assert levels[-1] == len(met)


def test_what_to_do_comes_first_with_findings_and_a_command(page: Page) -> None:
    tasks = page["to-do"].all("article", "task")
    assert [task.all("a", "id")[0].text for task in tasks] == [NOT_MET, BROKEN]
    for said in (*(getattr(FINDING, name) for name in ("location", "message", "expected", "got", "remedy")), "shop"):
        assert said in tasks[0].text
    assert f"exitgate run gate3 --control {NOT_MET}" in " ".join(tasks[0].text.split())
    assert tasks[1].text.count("the emulator went away") == 1, "checks that say the same stand together"
    main = page.root.all("main")[0].text
    assert main.index("What to do") < main.index("Why it matters")


def test_what_is_not_shown_is_said(page: Page) -> None:
    said = page["limits"].text
    for words in (
        "an emulated AWS",
        "1 of 63 controls",
        "no engine answers",
        "The emulator has no firewall.",
        "62 of 63",
    ):
        assert words in said
    for level in Assurance:
        assert level.label in said
    assert "worker gw1 died" in page["problems"].text
    for words in ("Comes in March.", "M. Sato", "2027-03-31", "in use"):
        assert words in page["exceptions"].text


def test_proof_is_shown_or_its_absence(page: Page) -> None:
    assert "USER is removed." in page[f"control:{NOT_MET}"].text
    assert "Proven able to fail" in page[f"control:{NOT_MET}"].text
    assert "Unproven" in page["control:3.1.A.1.1"].text


def test_the_run_is_named(page: Page, mixed: Record) -> None:
    said = page["run"].text
    known = (mixed.target.commit, mixed.policy_digest, mixed.run_id, "host clock", "ci", "Linux", "trivy 0.58.1")
    for words in (*known, "2026-11-01 04:22:10 UTC", "1 h 2 s", "clean"):
        assert words in said


def test_images_and_the_number_of_the_run_are_told(mixed: Record) -> None:
    image = ImageEntry(workload="orders", digest="sha256:" + "ef" * 32)
    said = Page(render_html(mixed.model_copy(update={"images": (image,), "runs": 7})))["run"].text
    assert f"orders {image.digest}" in said
    assert "number 7 of this gate on this commit" in said
    assert "none was judged" in Page(render_html(mixed))["run"].text


def test_a_check_says_for_how_many_of_its_subjects_it_is_met(mixed: Record) -> None:
    control = mixed.controls[0]
    checks = tuple(
        control.checks[0].model_copy(update={"subject": name, "status": status})
        for name, status in (("a", "met"), ("b", "not_assessed"), ("c", "met"))
    )
    page = Page(render_html(mixed.model_copy(update={"controls": (control.model_copy(update={"checks": checks}),)})))
    assert "met for 2 of 3" in page[f"control:{control.id}"].all("h4")[0].text


def test_a_rehearsal_is_called_one_and_nothing_else_is(page: Page) -> None:
    real = Page(render_html(record_of(judged(passing))))
    assert "in rehearsal" in page.root.all("h1")[0].text
    assert "(rehearsal)" in page.root.all("title")[0].text
    assert "This is a rehearsal." in page.root.text
    assert "no evidence about anyone\N{RIGHT SINGLE QUOTATION MARK}s system" in page.root.text
    assert "rehearsal" not in real.root.all("h1")[0].text + real.root.all("title")[0].text
    assert "Not a rehearsal." in real.root.text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("passed", "Passed"),
        ("passed_with_exceptions", "Passed with exceptions"),
        ("failed", "Failed"),
        ("not_assessed", "Not assessed"),
    ],
)
def test_the_verdict_is_said_in_words(verdict: str, words: str) -> None:
    page = Page(render_html(record_of(judged(passing), verdict=verdict)))
    assert page.root.all("h1")[0].all("span", "word")[0].all("span", "text")[0].text == words


@pytest.mark.parametrize("verdict", ["passed", "failed", "not_assessed"])
@pytest.mark.parametrize("finished", [None, "2026-11-01T05:22:12Z"])
def test_an_unfinished_run_has_no_verdict_and_says_so(verdict: str, finished: str | None) -> None:
    record = record_of(judged(passing), verdict=verdict, finished_whole=False, finished=finished)
    page = Page(render_html(record))
    assert "No verdict" in page.root.all("h1")[0].text
    assert "No verdict" in page.root.all("title")[0].text
    assert "This run is unfinished." in page.root.all("p", "loud")[0].text
    assert ("not finished" in page["run"].text) == (finished is None)
    assert "passed" not in page.root.all("header", "verdict")[0].text.lower()


def test_what_was_not_assessed_is_never_shown_as_passed() -> None:
    def unseen(item: Expected) -> Outcome:
        return Outcome(key=item.key, status=Status.NOT_ASSESSED, message="not looked at")

    page = Page(render_html(record_of(judged(unseen))))
    head = page.root.all("header", "verdict")[0]
    assert "Not assessed" in page.root.all("h1")[0].text
    assert "passed" not in head.text.lower()
    statuses = {badge.text[1:] for article in page.root.all("article") for badge in article.all("span", "badge")}
    assert statuses == {"not assessed"}
    assert not [e for e in page.root.all("a") + page.root.all("td") if "met" in e.classes]
    assert [cell.text for cell in page["criteria"].all("tfoot")[0].all("td", "number")][:2] == ["0", "0"]


def only(control: ControlEntry, **changes: Any) -> Page:
    """Return the page of a record with one control, whose first check is changed."""
    check = control.checks[0].model_copy(update=changes)
    alone = control.model_copy(update={"checks": (check,)})
    return Page(render_html(record_of(judged(passing), controls=(alone,), requirements=())))


@pytest.mark.parametrize(
    ("path", "href"),
    [
        ("evidence/ab-build.log", "evidence/ab-build.log"),
        ("evidence/ab-100% #1?.txt", "evidence/ab-100%25%20%231%3F.txt"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("evidence/../../etc/passwd", None),
        ("..", None),
        ("/etc/passwd", None),
        ("//example.com/x", None),
        ("https://example.com/x", None),
        ("data:text/html,x", None),
        ("evidence\\x.txt", None),
        ("evidence/ab\n.txt", None),
        ("", None),
        ("evidence/ab-page.html", None),
        ("evidence/ab-picture.SVG", None),
    ],
)
def test_evidence_is_linked_only_beside_the_page(mixed: Record, path: str, href: str | None) -> None:
    page = only(mixed.controls[0], evidence=(Evidence(name="seen", sha256="cd" * 32, path=path),))
    (item,) = page.root.all("ul", "evidence")[0].all("li")
    assert [link.attributes["href"] for link in item.all("a")] == ([href] if href else [])
    assert "cd" * 32 in item.text
    assert href or "not linked" in item.text


def test_characters_that_hide_or_reorder_text_are_written_out(mixed: Record) -> None:
    page = only(mixed.controls[0], message="a\u202eb\x1b[31m\x00\u200bc\ud800\r\nd é")
    (said,) = page["control:3.1.A.1.1"].all("pre")
    assert said.text == "a\\u202eb\\x1b[31m\\x00\\u200bc\\ud800\nd é"


def test_a_long_message_is_folded_and_kept_whole(mixed: Record) -> None:
    log = "\n".join(f"line {number}" for number in range(500))
    page = only(mixed.controls[0], message=log)
    assert page["control:3.1.A.1.1"].all("details", "long")[0].all("pre")[0].text == log


def test_many_findings_are_all_there(mixed: Record) -> None:
    findings = tuple(Finding(location=f"f:{n}", message="m", expected="e", got="g", remedy="r") for n in range(30))
    page = only(mixed.controls[0], status="not_met", findings=findings)
    assert len(page["to-do"].all("li", "finding")) == 30
    assert len(page["control:3.1.A.1.1"].all("li", "finding")) == 30


def test_a_status_that_nobody_knows_counts_as_an_error(mixed: Record) -> None:
    page = only(mixed.controls[0], status="splendid")
    assert page["to-do"].all("span", "badge")[1].classes == ["badge", "error"]


def test_a_control_of_no_listed_criterion_is_not_lost() -> None:
    page = Page(render_html(record_of(judged(passing), criteria=())))
    assert len(page["other-controls"].all("article", "control")) == 58


def test_a_record_without_anything_in_it_is_still_a_page() -> None:
    empty = record_of(judged(passing), controls=(), requirements=(), criteria=(), tools=(), started="some day")
    assert "some day" in Page(render_html(empty)).root.text


def test_the_page_is_written_beside_the_record_and_equal_for_equal_records(mixed: Record, tmp_path: Path) -> None:
    path = write_html(mixed, tmp_path)
    assert path == tmp_path / "index.html"
    assert path.read_text(encoding="utf-8") == render_html(mixed)
