"""Statements on gates that were assessed elsewhere: which count, and what each that does not is told to be."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from exitgate.attestation.elsewhere import attest, read_earlier_gate
from exitgate.checks.prerequisites import unproven_passes
from exitgate.cli import app
from exitgate.errors import PrerequisiteMissing, UsageError
from exitgate.observe.earlier_gate import EarlierGate
from exitgate.provision.git import git, succeeded
from exitgate.target import Configuration, EarlierGates, Target
from tests.attestation.bundles import FOREIGN, KEY, NOW, ssh_line
from tests.attestation.test_walk import private_key

MINUTES = {"minutes.txt": b"what was looked at"}
SIGNER = {"name": "the assessor", "public": ssh_line(KEY), "gates": ["gate1"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for words in (
        ("init", "-q"),
        ("commit", "-q", "--allow-empty", "-m", "x"),
        ("commit", "-q", "--allow-empty", "-m", "y"),
    ):
        succeeded(git(tmp_path, *words), tmp_path)
    return tmp_path


def commit(folder: Path, revision: str = "HEAD~1") -> str:
    return succeeded(git(folder, "rev-parse", revision), folder).stdout.strip()


def target(folder: Path, *, substitute: bool = False, signers: Any = (SIGNER,), named: bool = True) -> Target:
    told: dict[str, Any] = {
        "target": {"name": "shop"},
        "earlier_gates": {"substitute": substitute, "statement": {"gate1": "gate1.dsse.json"} if named else {}},
        "policy": {"prerequisites": {"signer": list(signers)}} if signers else {},
    }
    return Target(directory=folder, configuration=Configuration.model_validate(told), source="")


def say(folder: Path, **other: Any) -> None:
    """Put a statement into the target: a sound one, but for what is given."""
    told: dict[str, Any] = {
        "target": "shop",
        "commit": commit(folder),
        "verdict": "passed",
        "assessor": "an assessor",
        "evidence": MINUTES,
        "key": KEY,
        "now": NOW,
        "days": 30,
    }
    gate = other.pop("gate", "gate1")
    statement, _ = attest(gate, **{**told, **other})
    (folder / "gate1.dsse.json").write_bytes(statement)


def seen(folder: Path, now: datetime.datetime = NOW, **rules: Any) -> EarlierGate:
    return read_earlier_gate(target(folder, **rules), "gate1", "gate3", now)


def test_a_pass_by_a_trusted_key_on_a_commit_of_the_history_counts(folder: Path) -> None:
    say(folder)
    gate = seen(folder)
    assert unproven_passes(gate) == []
    assert (gate.signer, gate.commit, gate.substrate.substitutes) == ("the assessor", commit(folder), ())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"key": FOREIGN}, "the statement on gate1 does not hold: a signature by a foreign key"),
        ({"target": "bakery"}, "the statement on gate1 does not hold: a verdict on another target: bakery"),
        ({"gate": "gate2"}, "the statement on gate1 does not hold: a statement on gate2 by the assessor"),
        ({"days": 1, "now": NOW - datetime.timedelta(days=2)}, "does not hold: a verdict that held until"),
        ({"now": NOW + datetime.timedelta(days=1)}, "which is yet to come"),
        ({"verdict": "failed"}, "gate1 was not passed: failed"),
        ({"commit": "d" * 40}, "the statement on gate1 is of a commit that does not lead to this one"),
    ],
)
def test_what_does_not_count_is_told_by_its_reason(folder: Path, said: dict[str, Any], words: str) -> None:
    say(folder, **said)
    (finding,) = unproven_passes(seen(folder))
    assert words in finding.message
    assert finding.location == "gate1.dsse.json"


def test_a_commit_that_came_later_on_another_branch_does_not_count(folder: Path) -> None:
    say(folder, commit=commit(folder, "HEAD"))
    succeeded(git(folder, "checkout", "-q", "HEAD~1"), folder)
    (finding,) = unproven_passes(seen(folder))
    assert "does not lead to this one" in finding.message


@pytest.mark.parametrize("position", [3, 40, 200])
def test_a_changed_byte_does_not_hold(folder: Path, position: int) -> None:
    say(folder)
    file = folder / "gate1.dsse.json"
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)
    (finding,) = unproven_passes(seen(folder))
    assert "the statement on gate1 does not hold" in finding.message


def test_who_signs_for_the_gate_itself_does_not_count_for_the_one_before(folder: Path) -> None:
    say(folder)
    (finding,) = unproven_passes(seen(folder, signers=({**SIGNER, "gates": ["gate1", "gate3"]},)))
    assert finding.message == "the assessor signs for gate1 and for the gate that builds on it"


@pytest.mark.parametrize(
    ("rules", "words"),
    [({"named": False}, "no statement on it"), ({}, "no file gate1.dsse.json")],
)
def test_what_is_absent_is_not_assessed(folder: Path, rules: dict[str, Any], words: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=words):
        seen(folder, **rules)


def test_a_statement_outside_of_the_target_is_refused() -> None:
    with pytest.raises(ValidationError, match="leads out of the target"):
        EarlierGates(statement={"gate1": "gates/../../gate1.dsse.json"})


def test_without_rules_on_signers_nothing_is_assessed(folder: Path) -> None:
    say(folder)
    with pytest.raises(PrerequisiteMissing, match=r"no \[policy.prerequisites\]"):
        seen(folder, signers=())


def test_a_stand_in_is_said_to_be_one(folder: Path) -> None:
    gate = seen(folder, named=False, substitute=True, now=datetime.datetime.now(datetime.UTC))
    assert unproven_passes(gate) == []
    assert gate.substrate.substitutes == ("the statement on gate1, signed by a key of this run",)


def test_a_statement_that_is_named_is_read_though_another_could_stand_in(folder: Path) -> None:
    say(folder, verdict="failed")
    assert len(unproven_passes(seen(folder, substitute=True))) == 1


@pytest.mark.parametrize("other", [{"evidence": {}}, {"days": 0}, {"days": 91}])
def test_a_statement_without_evidence_or_end_is_not_made(folder: Path, other: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        say(folder, **other)


def call(folder: Path, gate: str = "gate1", **other: str) -> Any:
    told = {"target": "shop", "commit": commit(folder), "assessor": "a", "evidence": str(folder / "minutes.txt")}
    told |= {"key": str(folder / "key"), "out": str(folder / "gates/gate1.dsse.json"), **other}
    return CliRunner().invoke(app, ["attest", gate, *(word for name in told for word in (f"--{name}", told[name]))])


def test_the_command_writes_statement_and_manifest(folder: Path) -> None:
    (folder / "minutes.txt").write_text("x", encoding="utf-8")
    private_key(folder / "key")
    done = call(folder)
    assert done.exit_code == 0
    assert f"gate1 passed for shop at {commit(folder)[:12]}, by a, for 90 days" in done.output
    assert {file.name for file in (folder / "gates").iterdir()} == {"gate1.dsse.json", "gate1.dsse.json.manifest.json"}


@pytest.mark.parametrize(
    ("gate", "other", "words"),
    [
        ("gate3", {}, "a gate that exitgate assesses itself"),
        ("gate1", {"commit": "abc"}, "expected a full commit id"),
        ("gate1", {"evidence": "nowhere.txt"}, "nowhere.txt, which can't be read"),
        ("gate1", {"key": "nowhere"}, "no file that can be read"),
    ],
)
def test_the_command_refuses_in_one_line(folder: Path, gate: str, other: dict[str, str], words: str) -> None:
    (folder / "minutes.txt").write_text("x", encoding="utf-8")
    private_key(folder / "key")
    done = call(folder, gate, **other)
    assert done.exit_code != 0
    assert words in str(done.exception)
