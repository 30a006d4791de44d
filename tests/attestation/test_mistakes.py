"""What a script does that forgot to set a variable: an empty answer is a mistake, and never a question left out."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exitgate.attestation.bundle import make_bundle
from exitgate.attestation.elsewhere import attest
from exitgate.attestation.envelope import ENVELOPE_FILE, seal
from exitgate.attestation.lock import ask_lock
from exitgate.attestation.statement import Statement, Subject
from exitgate.attestation.verify import Asked, verify_bundle
from exitgate.attestation.words import words_of
from exitgate.cli import app
from exitgate.errors import EvidenceError, ExitgateError, UsageError
from tests.attestation.bundles import COMMIT, IMAGES, KEY, NOW, TRUSTED, bundle, leave, ssh_line


@pytest.mark.parametrize("gate", ["", " "])
def test_the_lock_asked_about_no_gate_stays_closed(tmp_path: Path, gate: str) -> None:
    with pytest.raises(UsageError, match="the gate that has to have passed"):
        ask_lock(bundle(tmp_path) / ENVELOPE_FILE, [TRUSTED], gate=gate, commit=COMMIT, images=IMAGES, now=NOW)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--gate", ""),
        ("--target", ""),
        ("--commit", ""),
        ("--policy", ""),
        ("--plan", ""),
        ("--policy", "sha256:"),
        ("--plan", "sha256:"),
        ("--policy", "abc"),
    ],
)
def test_an_empty_answer_is_no_question_left_out(tmp_path: Path, option: str, value: str) -> None:
    path = bundle(tmp_path)
    with pytest.raises(UsageError, match=option) as raised:
        CliRunner().invoke(app, ["verify", str(path), "--key", ssh_line(KEY), option, value], catch_exceptions=False)
    assert "\n" not in str(raised.value)


def test_a_plan_that_was_not_asked_for_is_told(tmp_path: Path) -> None:
    lines = words_of(verify_bundle(bundle(tmp_path), [TRUSTED], Asked(), NOW), Asked())
    assert "Not verified: that the plan is the one you agreed to (--plan)." in lines


@pytest.mark.parametrize("other", [{"gate": ""}, {"gate": "../gate1"}, {"target": " "}, {"assessor": ""}])
def test_a_statement_about_nothing_or_by_nobody_is_not_made(other: dict[str, str]) -> None:
    said = {"gate": "gate1", "target": "shop", "assessor": "qa", **other}
    with pytest.raises(UsageError, match="GATE" if "gate" in other else f"--{next(iter(other))}"):
        attest(
            said["gate"], target=said["target"], commit=COMMIT, verdict="passed", assessor=said["assessor"],
            evidence={"a": b"b"}, key=KEY, now=NOW, days=1,
        )  # fmt: skip


def test_a_pipe_in_the_place_of_a_bundle_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.tar")
    with pytest.raises(EvidenceError, match="a pipe or device; expected a folder or a tar"):
        verify_bundle(tmp_path / "b.tar", [TRUSTED], Asked(), NOW)


def _signed(tmp_path: Path, statement: Statement) -> Path:
    path = tmp_path / ENVELOPE_FILE
    path.write_bytes(seal(statement, KEY))
    return path


def _statement(tmp_path: Path) -> Statement:
    leave(tmp_path / "run")
    return make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30)


def test_a_workload_with_two_images_opens_nothing(tmp_path: Path) -> None:
    said = _statement(tmp_path)
    path = _signed(tmp_path, said.model_copy(update={"subject": (*said.subject, said.subject[-1])}))
    with pytest.raises(EvidenceError, match="twice"):
        ask_lock(path, [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW)


def test_a_second_commit_in_a_statement_opens_nothing(tmp_path: Path) -> None:
    said = _statement(tmp_path)
    second = Subject(name="commit", digest={"gitCommit": "d" * 40})
    path = _signed(tmp_path, said.model_copy(update={"subject": (*said.subject, second)}))
    with pytest.raises(EvidenceError, match="twice"):
        ask_lock(path, [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW)


def test_a_statement_that_would_hold_for_years_opens_nothing(tmp_path: Path) -> None:
    said = _statement(tmp_path)
    facts = said.facts.model_copy(update={"expires": "2099-01-01T00:00:00Z"})
    path = _signed(
        tmp_path, said.model_copy(update={"predicate": said.predicate.model_copy(update={"exitgate": facts})})
    )
    with pytest.raises(EvidenceError, match="a statement that holds for 26"):
        ask_lock(path, [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW)


def test_what_can_t_be_written_does_not_name_an_option_of_another_command(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExitgateError) as raised:
        make_bundle(tmp_path / "run", tmp_path / "file/b.tar", KEY, days=30)
    assert "--gate-report" not in str(raised.value)


def test_a_key_is_trusted_through_its_last_day_and_not_a_second_longer(tmp_path: Path) -> None:
    path, last = bundle(tmp_path), datetime.datetime(2026, 6, 20, 23, 59, 59, tzinfo=datetime.UTC)
    keys = [replace(TRUSTED, expires=last.date())]
    verify_bundle(path, keys, Asked(), last)
    with pytest.raises(EvidenceError, match="trusted until 2026-06-20"):
        verify_bundle(path, keys, Asked(), last + datetime.timedelta(seconds=1))


def test_a_pipe_in_the_place_of_a_statement_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "statement.dsse.json")
    with pytest.raises(EvidenceError, match="a pipe or device"):
        ask_lock(tmp_path / "statement.dsse.json", [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW)
