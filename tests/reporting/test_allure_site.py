"""Allure's site: made by a stand-in of Allure's, or by Allure itself where it is; it calls nobody and says what the record says."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from pathlib import Path

import pytest

from exitgate.errors import EvidenceError, PrerequisiteMissing, UsageError
from exitgate.process import find_program
from exitgate.record import Record
from exitgate.reporting import allure_site
from exitgate.reporting.allure_history import HISTORY
from exitgate.reporting.allure_site import build_allure_site, without_remote_calls
from tests.cli.test_report_command import said
from tests.reporting.records import MARKUP, NOT_MET, mixed_record

APPLICATION = base64.b64encode(b'document.title = "</script>";').decode()
PAGE = f"""<!DOCTYPE html>
<html><head><title>x</title></head><body>
<script>window.allure = {{}};</script>
<script src="data:text/javascript;base64,{APPLICATION}"></script>
<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<script>function gtag(){{}} gtag('js', new Date());</script>
<script defer>d("a", "b")</script>
</body></html>
"""
STAND_IN = """#!{python}
import json, pathlib, sys
if sys.argv[1] == "--version":
    print("{version}")
else:
    results, site = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[4])
    told = [json.loads(path.read_text()) for path in sorted(results.glob("*-result.json"))]
    site.mkdir()
    (site / "index.html").write_text(pathlib.Path({page!r}).read_text())
    history = pathlib.Path(json.loads(pathlib.Path(sys.argv[6]).read_text())["historyPath"])
    history.write_text(history.read_text() + json.dumps({{"name": "added", "testResults": {{}}}}) + "\\n")
    by_id = {{str(n): {{"name": each["name"], "status": each["status"]}} for n, each in enumerate(told)}}
    {change}
    (site / "test-results.json").write_text(json.dumps({{"byId": by_id}}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report folder with a record and no result of any test, as after a crash."""
    (tmp_path / "allure-results").mkdir()
    (tmp_path / "record.json").write_text(mixed_record().model_dump_json(), encoding="utf-8")
    return tmp_path


@pytest.fixture
def record() -> Record:
    return mixed_record()


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str = "3.18.0", change: str = "pass") -> None:
    program, page = folder / "allure", folder / "page.html"
    page.write_text(PAGE, encoding="utf-8")
    text = STAND_IN.format(python=sys.executable, version=version, page=str(page), change=change)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(allure_site, "find_program", lambda name: str(program))


def test_only_the_pages_own_scripts_are_left_and_let_in() -> None:
    page = without_remote_calls(PAGE)
    assert not re.search(r"https?:|gtag|src=", page)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert scripts == ["window.allure = {};", 'document.title = "<\\/script>";', 'd("a", "b")']
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert rules["default-src"] == "'none'"
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


@pytest.mark.parametrize("page", ["", "<html></html>", PAGE.replace(APPLICATION, "####"), PAGE.replace("<head>", "")])
def test_a_page_without_a_place_for_the_policy_is_refused_or_has_no_foreign_script(page: str) -> None:
    try:
        told = without_remote_calls(page)
    except EvidenceError:
        return
    assert "src=" not in told


def test_the_site_has_every_check_of_the_record_once(
    folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(folder, monkeypatch)
    assert said(str(folder / "record.json"), "--allure").strip() == str(folder / "allure-report" / "index.html")
    assert "Content-Security-Policy" in (folder / "allure-report" / "index.html").read_text(encoding="utf-8")
    assert list((folder / "allure-results").iterdir()) == [], "the run's own results stay as they are"


@pytest.mark.parametrize(
    "change",
    [
        "by_id.popitem()",
        "by_id['0']['status'] = 'passed' if by_id['0']['status'] != 'passed' else 'failed'",
        "by_id['more'] = {'name': 'x', 'status': 'passed'}",
        "by_id = {}",
        "by_id = []",
    ],
)
def test_a_site_that_says_something_else_is_refused(
    folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    stand_in(folder, monkeypatch, change=change)
    with pytest.raises(EvidenceError, match="Allure"):
        build_allure_site(record, folder)
    assert not (folder / "allure-report").exists()


def test_what_is_missing_is_said(folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(folder, monkeypatch, version="2.30.0")
    with pytest.raises(PrerequisiteMissing, match=r"version 2\.30\.0"):
        build_allure_site(record, folder)
    stand_in(folder, monkeypatch, change="sys.exit('out of memory')")
    with pytest.raises(EvidenceError, match="out of memory"):
        build_allure_site(record, folder)
    monkeypatch.setattr(allure_site, "find_program", lambda name: None)
    with pytest.raises(PrerequisiteMissing, match="npm install"):
        build_allure_site(record, folder)


def test_without_results_there_is_no_site(folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(folder, monkeypatch)
    (folder / "allure-results").rmdir()
    with pytest.raises(EvidenceError, match="no such folder"):
        build_allure_site(record, folder)


def test_it_stands_alone_on_the_command_line(folder: Path) -> None:
    with pytest.raises(UsageError, match="--allure"):
        said(str(folder / "record.json"), "--allure", "--format", "json")


@pytest.mark.skipif(find_program("allure") is None, reason="Allure 3 is not installed")
def test_allure_itself_makes_a_site_of_hostile_names(folder: Path, record: Record) -> None:
    control = next(each for each in record.controls if each.id == NOT_MET)
    check = control.checks[0].model_copy(update={"subject": MARKUP, "message": MARKUP})
    changed = control.model_copy(update={"checks": (check,)})
    page = build_allure_site(record.model_copy(update={"controls": (changed,)}), folder).read_text(encoding="utf-8")
    assert "<img src=x" not in html.unescape(page)
    assert not re.search(r"<script[^>]+src", page)


def test_each_run_stands_in_the_history_once(folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(folder, monkeypatch)
    for run_id in ("first", "second", "second"):
        build_allure_site(record.model_copy(update={"run_id": run_id}), folder)
    lines = [json.loads(line) for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines()]
    assert [line["exitgateRun"] for line in lines] == ["first", "second"]


@pytest.mark.parametrize(
    ("kept", "change", "words"),
    [
        ("no JSON\n", "pass", "can't be read .*Allure's history.*Move it away"),
        ("[]\n", "pass", "can't be read .*Move it away"),
        ("", "history.write_text('')", "0 runs.*1: those before and this one"),
    ],
)
def test_a_history_that_is_none_is_one_clear_line(
    folder: Path, record: Record, monkeypatch: pytest.MonkeyPatch, kept: str, change: str, words: str
) -> None:
    stand_in(folder, monkeypatch, change=change)
    (folder / HISTORY).write_text(kept, encoding="utf-8")
    with pytest.raises(EvidenceError, match=words):
        build_allure_site(record, folder)
    assert (folder / HISTORY).read_text(encoding="utf-8") == kept


@pytest.mark.skipif(find_program("allure") is None, reason="Allure 3 is not installed")
def test_allure_itself_shows_how_a_check_came_out_before(folder: Path, record: Record) -> None:
    control = next(each for each in record.controls if each.id == NOT_MET)
    for run_id, status in (("first", "met"), ("second", "not_met")):
        checks = (control.checks[0].model_copy(update={"status": status}),)
        changed = control.model_copy(update={"checks": checks})
        page = build_allure_site(
            record.model_copy(update={"run_id": run_id, "controls": (changed,), "requirements": ()}), folder
        )
    told = [base64.b64decode(found) for found in re.findall(r"[A-Za-z0-9+/]{400,}={0,2}", page.read_text("utf-8"))]
    results = [json.loads(each) for each in told if each.startswith(b'{"') and b'"history"' in each]
    assert [[before["status"] for before in each["history"]] for each in results if each["status"] == "failed"] == [
        ["passed"]
    ]
