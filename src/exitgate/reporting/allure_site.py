"""Allure's site of a record: one file that opens from a disk, calls nobody, and says what the record says.

Allure 3 makes it (https://allurereport.org/docs/v3/); what it adds to call home is taken out, and a policy lets in the scripts
that are left and no others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from exitgate.atomic import write_atomically
from exitgate.errors import EvidenceError, PrerequisiteMissing
from exitgate.process import find_program, run_tool, scrubbed_environment
from exitgate.record import Record
from exitgate.reporting.allure_history import HISTORY, earlier_runs, keep_history
from exitgate.reporting.allure_results import allure_status, allure_title, complete_allure_results

RESULTS = "allure-results"
SITE = "allure-report"
_MAJOR = "3"
_TIMEOUT_S = 300.0
_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL | re.IGNORECASE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?(?P<address>[^"'\s>]+)""", re.IGNORECASE)
_INLINE = re.compile(r"data:text/javascript;base64,(?P<content>[A-Za-z0-9+/=]+)")
_ANALYTICS = re.compile(r"\bgtag\s*\(|googletagmanager", re.IGNORECASE)
_END_OF_SCRIPT = re.compile(r"</(?=script)", re.IGNORECASE)


def build_allure_site(record: Record, directory: Path) -> Path:
    """Write ``allure-report/index.html`` beside the record, of the results that the run left there.

    The results themselves stay as they are: a copy of them is made true to the record and told. What earlier runs came to is
    taken from ``allure-history.jsonl``, to which this run is added.

    Raises:
        PrerequisiteMissing: if Allure is not installed, or it is not version 3.
        EvidenceError: if there are no results, the history can't be read, Allure makes no site of them, or the site says
            something else than the record.
    """
    program = _program()
    results = directory / RESULTS
    if not results.is_dir():
        raise EvidenceError(
            str(results),
            got="no such folder",
            expected="Allure's results, beside the record",
            action="Run the gate again: it writes them unless --alluredir says otherwise.",
        )
    with tempfile.TemporaryDirectory(prefix="exitgate-allure-") as scratch:
        copy, site = Path(scratch) / RESULTS, Path(scratch) / "site"
        shutil.copytree(results, copy)
        complete_allure_results(record, copy)
        earlier, history = earlier_runs(directory / HISTORY, record.run_id), Path(scratch) / HISTORY
        write_atomically(history, "".join(f"{line}\n" for line in earlier))
        _generate(program, record, Path(scratch), copy, site)
        _reconcile(record, _read(site / "test-results.json"))
        page = _read(site / "index.html")
        keep_history(directory / HISTORY, earlier, _read(history), record.run_id)
    return write_atomically(directory / SITE / "index.html", without_remote_calls(page))


def without_remote_calls(page: str) -> str:
    """Return a page of Allure's whose scripts all stand in it, with a policy for those scripts and nothing from elsewhere.

    Raises:
        EvidenceError: if it has no head to put the policy into.
    """
    kept: list[str] = []

    def inert(script: re.Match[str]) -> str:
        source = _SOURCE.search(script["attributes"])
        inline = _INLINE.fullmatch(html.unescape(source["address"])) if source else None
        text = _decoded(inline["content"]) if inline else script["text"]
        if (source and not inline) or (not inline and _ANALYTICS.search(text)):
            return ""
        text = _END_OF_SCRIPT.sub(r"<\\/", text)
        kept.append(text)
        return f"<script>{text}</script>"

    head, found, rest = _SCRIPT.sub(inert, page).partition("<head>")
    if not found:
        raise EvidenceError(
            "Allure's page",
            got="no <head>",
            expected="one, for the policy",
            action="Use the version of Allure 3 that exitgate names.",
        )
    return f'{head}{found}\n<meta http-equiv="Content-Security-Policy" content="{_policy(kept)}">{rest}'


def _policy(scripts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests)) or "'none'"
    # Allure sets styles from its script; attachments are shown out of the page itself.
    own = "data: blob:"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src {own}; font-src {own}; "
        f"media-src {own}; connect-src {own}; base-uri 'self'; form-action 'none'"
    )


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise EvidenceError(
            "Allure's page",
            got="a script that can't be read",
            expected="base64 of UTF-8",
            action="Use the version of Allure 3 that exitgate names.",
        ) from error


def _program() -> str:
    program = find_program("allure")
    if program is None:
        raise PrerequisiteMissing(
            "allure",
            got="not installed",
            expected="Allure 3 on PATH",
            action="Install it: `npm install --global allure@3`.",
        )
    version = run_tool([program, "--version"], timeout_s=60.0, environment=scrubbed_environment()).stdout.strip()
    if version.partition(".")[0] != _MAJOR:
        raise PrerequisiteMissing(
            "allure",
            got=f"version {version or 'unknown'}",
            expected="Allure 3, which writes a site of one file",
            action="Install it: `npm install --global allure@3`.",
        )
    return program


def _generate(program: str, record: Record, scratch: Path, results: Path, site: Path) -> None:
    configuration = scratch / "allurerc.json"
    told = {
        # Allure's rate of success leaves out what nobody looked at, so the verdict stands beside it.
        "name": f"{_verdict(record)}: {record.target.name}, {record.gate_title}",
        "historyPath": os.fspath(scratch / HISTORY),
        "plugins": {
            "awesome": {
                "options": {"singleFile": True, "reportLanguage": "en", "groupBy": ["epic", "feature", "story"]}
            }
        },
    }
    configuration.write_text(json.dumps(told), encoding="utf-8")
    done = run_tool(
        [program, "generate", str(results), "--output", str(site), "--config", str(configuration)],
        timeout_s=_TIMEOUT_S,
        environment=scrubbed_environment({"ALLURE_NO_ANALYTICS": "true", "HOME": os.fspath(scratch)}),
        cwd=scratch,
    )
    if done.exit_code != 0:
        raise EvidenceError(
            "allure generate",
            got=f"exit code {done.exit_code}: {done.last_words}",
            expected="a site",
            action="Run it by hand on the folder allure-results to see what it says.",
        )


def _verdict(record: Record) -> str:
    words = record.verdict.replace("_", " ") if record.finished_whole else "no verdict"
    return f"{words}, in rehearsal" if record.rehearsal else words


def _reconcile(record: Record, told: str) -> None:
    """Compare what Allure counted with the record: a check that is missing, added or judged otherwise is no report of it."""
    expected = Counter(
        (allure_title(control, check), allure_status(check))
        for control in (*record.controls, *record.requirements)
        for check in control.checks
    )
    try:
        counted = Counter((entry["name"], entry["status"]) for entry in json.loads(told)["byId"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(
            "test-results.json of Allure",
            got="not what Allure 3.18 writes",
            expected="its results by id",
            action="Use the version of Allure 3 that exitgate names.",
        ) from error
    if expected != counted:
        name, status = next(iter((expected - counted) or (counted - expected)))
        raise EvidenceError(
            "Allure's site",
            got=f"{counted.total()} results, of {expected.total()} checks; first of all {name}: {status}",
            expected="each check of the record once, with its status",
            action="Remove the folder allure-results, and run the gate again.",
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(
            path.name,
            got=f"can't be read ({error})",
            expected="what Allure writes",
            action="Report it, with Allure's version.",
        ) from error
