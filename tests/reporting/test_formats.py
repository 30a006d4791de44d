"""Machine formats: read back by real readers, and inert whatever the record holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sarif_pydantic import Sarif

from exitgate.difference import changes
from exitgate.finding import Finding
from exitgate.record import CheckEntry, ControlEntry, Environment, Proof, Record, StandardEntry, TargetEntry
from exitgate.reporting.annotations import render_annotations
from exitgate.reporting.html import render_html
from exitgate.reporting.junit import render_junit
from exitgate.reporting.markdown import MAX_BYTES, render_markdown
from exitgate.reporting.sarif import render_sarif

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


@pytest.mark.parametrize(
    ("status", "kind", "level"),
    [
        ("met", "pass", "none"),
        ("not_met", "fail", "error"),
        ("not_assessed", "open", "none"),
        ("not_applicable", "notApplicable", "none"),
        ("waived", "fail", "error"),
    ],
)
def test_sarif_passes_only_what_is_met(status: str, kind: str, level: str) -> None:
    run = _sarif(_record(status))
    (result,) = run["results"]
    assert (result["kind"], result["level"]) == (kind, level)
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "3.2.B.2.1/user"
    assert ("suppressions" in result) is (status == "waived")
    assert run["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize(
    ("status", "whole", "words"),
    [("error", True, "runs as root"), ("odd", True, "runs as root"), ("met", False, "finish")],
)
def test_sarif_tells_an_error_as_an_execution_that_failed(status: str, whole: bool, words: str) -> None:
    (invocation,) = _sarif(_record(status, whole=whole))["invocations"]
    assert not invocation["executionSuccessful"]
    (note,) = invocation["toolExecutionNotifications"]
    assert words in note["message"]["text"]


@pytest.mark.parametrize(
    ("place", "path", "line"),
    [
        ("a/Dockerfile:31", "a/Dockerfile", 31),
        ("deploy/a b%.json", "", None),
        ("deploy/ä.json:7", "deploy/%C3%A4.json", 7),
        ("exitgate.toml", "exitgate.toml", None),
        ("image:/bin/su", "", None),
        ("/etc/passwd:1", "", None),
        ("../else.py:1", "", None),
        ("reference-shop", "", None),
    ],
)
def test_sarif_points_at_files_of_the_target_and_names_the_rest(place: str, path: str, line: int | None) -> None:
    record = _record("not_met")
    (control,) = record.controls
    (check,) = control.checks
    found = check.model_copy(update={"findings": (replace(check.findings[0], location=place),)})
    control = control.model_copy(update={"checks": (found,)})
    (result,) = _sarif(record.model_copy(update={"controls": (control,)}))["results"]
    (location,) = result["locations"]
    physical = location.get("physicalLocation")
    assert (physical["artifactLocation"]["uri"] if physical else "") == path
    assert (physical or {}).get("region", {}).get("startLine") == line
    assert physical or location["logicalLocations"][0]["fullyQualifiedName"] == place


def test_sarif_keeps_a_finding_the_same_while_lines_move() -> None:
    def fingerprints(location: str, text: str) -> list[str]:
        record = _record("not_met", text)
        finding = replace(record.controls[0].checks[0].findings[0], location=location)
        check = record.controls[0].checks[0].model_copy(update={"findings": (finding,)})
        control = record.controls[0].model_copy(update={"checks": (check,)})
        run = _sarif(record.model_copy(update={"controls": (control,)}))
        return [each["partialFingerprints"]["exitgate/v1"] for each in run["results"]]

    assert fingerprints("a:1", "x") == fingerprints("a:9", "x")
    assert len({fingerprints("a:1", "x")[0], fingerprints("b:1", "x")[0], fingerprints("a:1", "y")[0]}) == 3


def test_hostile_text_is_text_in_sarif() -> None:
    text = render_sarif(_record("not_met", HOSTILE))
    assert text.isascii()
    assert all(character.isprintable() or character == "\n" for character in text)
    said = json.loads(text)["runs"][0]["results"][0]["message"]["text"]
    assert said.isascii()
    assert "\\u202e" in said


def _sarif(record: Record) -> dict[str, Any]:
    """Return the run, as a reader of the format has it."""
    text = render_sarif(record)
    Sarif.model_validate_json(text)
    (run,) = json.loads(text)["runs"]
    return dict(run)


@pytest.mark.parametrize(("status", "words"), [("met", "Evidence for"), ("not_met", "Once met, evidence for")])
def test_a_control_shows_what_it_is_evidence_for_and_when(status: str, words: str) -> None:
    record = _record(status)
    standard = StandardEntry(standard="A <b>standard</b>", supports=("X-1", "X-2"), partial=("Y-3",))
    control = record.controls[0].model_copy(update={"standards": (standard,)})
    page = render_html(record.model_copy(update={"controls": (control,)}))
    assert f"<dd>{words}:" in page
    assert "A &lt;b&gt;standard&lt;/b&gt;" in page
    assert "supports X-1, X-2; in part Y-3" in page
    (rule,) = _sarif(record.model_copy(update={"controls": (control,)}))["tool"]["driver"]["rules"]
    assert rule["properties"]["standards"][0]["partial"] == ["Y-3"]
