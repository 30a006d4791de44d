"""``exitgate ledger``: what it says of a whole, a cut and a broken ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from exitgate.cli import app
from exitgate.errors import EvidenceError
from exitgate.ledger import append, read_ledger

RUN = {"gate": "gate3", "commit": "a" * 40, "policy_digest": "sha256:b", "record_sha256": "c" * 64}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    append(path, at="t1", event="began", run={**RUN, "run_id": "r1", "verdict": ""}, rehearsal=True)
    append(path, at="t2", event="ended", run={**RUN, "run_id": "r1", "verdict": "failed"}, rehearsal=True)
    return path


def test_show_prints_every_entry(ledger: Path) -> None:
    lines = CliRunner().invoke(app, ["ledger", "show", str(ledger)]).output.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("r1 failed (rehearsal)")


def test_verify_says_what_it_did_not_verify(ledger: Path) -> None:
    result = CliRunner().invoke(app, ["ledger", "verify", str(ledger)])
    assert result.exit_code == 0
    assert "2 entries, every link holds" in result.output
    assert "Not verified" in result.output


def test_a_cut_end_is_found_by_the_head(ledger: Path) -> None:
    _, head = read_ledger(ledger)
    assert CliRunner().invoke(app, ["ledger", "verify", str(ledger), "--head", head]).exit_code == 0
    ledger.write_bytes(ledger.read_bytes().splitlines(keepends=True)[0])
    result = CliRunner().invoke(app, ["ledger", "verify", str(ledger), "--head", head])
    assert isinstance(result.exception, EvidenceError)
    assert "cut off" in str(result.exception)
