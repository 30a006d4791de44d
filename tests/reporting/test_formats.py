"""Machine formats: read back by real readers, and inert whatever the record holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from exitgate.difference import changes
from exitgate.finding import Finding
from exitgate.record import CheckEntry, ControlEntry, Environment, Proof, Record, TargetEntry
from exitgate.reporting.annotations import render_annotations
from exitgate.reporting.junit import render_junit
from exitgate.reporting.markdown import MAX_BYTES, render_markdown

HOSTILE = "]]></x><!-- \x00\x1b\ufffe\u202e\ud800 \r\n::error::100%,a:b"


def _record(status: str, text: str = "runs as root", *, whole: bool = True) -> Record:
    finding = Finding(location="a/Dockerfile:31", message=text, expected="uid 1", got="uid 0", remedy="Set USER.")
    check = CheckEntry(
        id="user", subject=text, says="says", status=status, needs="declared", assurance=None, message=text,
        findings=(finding,) if status == "not_met" else (), evidence=(), duration_s=1.5, substrate="", limits=(),
        substitutes=(),
    )  # fmt: skip
    control = ControlEntry(
        id="3.2.B.2.1", criterion="c", dimension="B", title=text, rationale="", remediation="", status=status,
        assurance=None, needs="declared", proof=Proof(status="unproven", faults=()), checks=(check,),
    )  # fmt: skip
    return Record(
        run_id="r", gate="gate3", gate_title="Gate 3", verdict="failed", rehearsal=False, finished_whole=whole,
        target=TargetEntry(name="t", commit="0" * 40, dirty=False), policy_digest="p", started="s", finished=None,
        environment=Environment(exitgate="0", python="3", platform="p", user="u", clock="c"), substitutes=(), tools=(),
        problems=(), criteria=(), controls=(control,), requirements=(), waivers=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "tag"),
    [("not_met", "failure"), ("error", "error"), ("not_assessed", "skipped"), ("waived", "skipped"), ("odd", "error")],
)
def test_junit_passes_only_what_is_met(status: str, tag: str) -> None:
    case = ET.fromstring(render_junit(_record(status))).find("testsuite/testcase")
    assert case is not None
    assert [child.tag for child in case] == [tag]


def test_junit_met_is_a_bare_case_and_an_unfinished_run_an_error() -> None:
    assert ET.fromstring(render_junit(_record("met"))).findall(".//testcase/*") == []
    assert len(ET.fromstring(render_junit(_record("met", whole=False))).findall(".//error")) == 1


def test_hostile_text_leaves_junit_well_formed() -> None:
    root = ET.fromstring(render_junit(_record("not_met", HOSTILE)))
    assert [suite.get("failures") for suite in root] == ["1"]
    assert root.findall(".//x") == []


def test_hostile_text_starts_no_workflow_command() -> None:
    lines = render_annotations(_record("not_met", HOSTILE)).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error file=a/Dockerfile,line=31,title=3.2.B.2.1 user [")
    assert "100%25" in lines[0]


def test_only_what_changed_is_a_change() -> None:
    assert changes(_record("met"), _record("met")) == []
    [change] = changes(_record("met"), _record("not_met"))
    assert (change.before, change.after) == ("met", "not_met")
    assert len(changes(_record("met", "a"), _record("met", "b"))) == 2


def test_markdown_keeps_the_records_words_from_coming_to_life() -> None:
    text = render_markdown(_record("not_met", "@everyone <script> `x` | [a](http://b)\n# head" + HOSTILE))
    assert not any(sign in text for sign in ("@", "<script", "`", "](", "http:", "\n# "))
    assert "| not met | 1 |" in text


def test_markdown_says_how_much_did_not_fit() -> None:
    record = _record("not_met")
    text = render_markdown(record.model_copy(update={"controls": record.controls * 10_000}))
    assert len(text.encode()) <= MAX_BYTES
    assert "more: see the gate report" in text
