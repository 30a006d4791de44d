"""Secrets of every known form, planted wherever a check can put text: none of them is in anything that a run leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from exitgate.cli.report import Format
from exitgate.redaction import HIDDEN
from tests.plugin.conftest import Tiny

VALUE = "of-the-environment-0123456789"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
PLANTED = {
    "a value of the environment": VALUE,
    "a token of GitHub": "ghp_" + "a1B2" * 9,
    "a token of GitLab": "glpat-" + "Zx9_" * 5,
    "a token of npm": "npm_" + "q7W8" * 9,
    "an id of a key of AWS": "AKIA" + "ABCD" * 4,
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "a private key": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "a password": "hunter2-of-the-database",
    "a bearer": "bearer-of-the-header-123",
    "a cookie": "session-of-the-cookie-123",
    "a secret of AWS": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
TEXT = "\n".join(
    (
        VALUE,
        KEY,
        *(PLANTED[name] for name in PLANTED if name.startswith(("a token", "an id", "a JSON"))),
        "postgres://shop:hunter2-of-the-database@db/shop",
        "Authorization: Bearer bearer-of-the-header-123",
        "Cookie: sid=session-of-the-cookie-123",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
)
TESTS = f"""
import sys

import pytest

from exitgate.assurance import Assurance
from exitgate.finding import Finding
from exitgate.observation import Observation, Substrate
from exitgate.provenance import Tool

TEXT = {TEXT!r}
FINDING = Finding(location=TEXT, message=TEXT, expected=TEXT, got=TEXT, remedy=TEXT, rule=TEXT)


@pytest.fixture(scope="session")
def seen(gate_session):
    kept = (gate_session.evidence.keep("planted.txt", TEXT), gate_session.evidence.keep("planted.bin", TEXT.encode()))
    substrate = Substrate(
        assurance=Assurance.EXECUTED, name=TEXT, limits=(TEXT,), substitutes=(TEXT,), tools=(Tool(name=TEXT, version=TEXT),)
    )
    return Observation(substrate=substrate, evidence=kept)


@pytest.mark.check("1.1.A.1", "rule")
def test_rule(seen):
    print(TEXT)
    print(TEXT, file=sys.stderr)
    assert [FINDING] == []
"""
RAISING = f"""
import pytest

@pytest.mark.check("1.2.B.1", "each")
def test_each(workload):
    raise RuntimeError({TEXT!r})
"""


@pytest.fixture
def left(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that says all of it, and every format of its record."""
    monkeypatch.setenv("SHOP_API_TOKEN", VALUE)
    tiny.write("gates/tiny/test_first.py", TESTS)
    tiny.write("gates/tiny/test_second.py", RAISING)
    done = tiny.run("-n", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    folder = tiny.path / "reports/tiny"
    (folder / "console.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    monkeypatch.delenv("SHOP_API_TOKEN")
    for each in Format:
        words = [sys.executable, "-m", "exitgate", "report", str(folder / "record.json"), "--format", each.value]
        made = subprocess.run(words, capture_output=True, check=True, cwd=folder, timeout=60)
        (folder / f"format-{each.value}").write_bytes(made.stdout + made.stderr)
    return folder


def test_no_planted_secret_is_in_anything_that_is_left(left: Path) -> None:
    files = [path for path in left.rglob("*") if path.is_file()]
    content = {path.relative_to(left).as_posix(): path.read_bytes() for path in files}
    assert {"record.json", "events.jsonl", "index.html", *(f"format-{each.value}" for each in Format)} <= set(content)
    assert any(name.startswith("evidence/") for name in content)
    assert any(name.startswith("allure-results/") for name in content)
    found = {(what, name) for what, text in PLANTED.items() for name, data in content.items() if text.encode() in data}
    assert found == set()
    # That it was there to be hidden at all.
    for name in ("record.json", "events.jsonl", "index.html"):
        assert HIDDEN.encode() in content[name]
