"""The record of a run: what goes into it, and how it is written and read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import EvidenceError
from exitgate.finding import Finding
from exitgate.outcome import Outcome, Status
from exitgate.provenance import Evidence, Tool
from exitgate.record import (
    Environment,
    FaultEntry,
    Proof,
    Record,
    TargetEntry,
    control_entries,
    read_record,
    substitutes_of,
    tools_of,
    write_atomically,
    write_record,
)
from exitgate.verdict import Verdict, expectations, judge
from tests.builders import TODAY, check, control, gate, target

ASKED = gate(
    control("a", check("one"), check("two", needs=Assurance.DECLARED)),
    requirements=[control("r", check("three"), dimension="R")],
)
ONE, TWO, THREE = expectations(ASKED, target())
FINDING = Finding(location="x:1", message="m", expected="e", got="g", remedy="r")
EVIDENCE = Evidence(name="log", sha256="0" * 64, path="evidence/log")


def verdict(**facts: Any) -> Verdict:
    seen = Outcome(key=ONE.key, status=Status.NOT_MET, assurance=Assurance.LIVE, **facts)
    others = [Outcome(key=item.key, status=Status.MET, assurance=Assurance.EXECUTED) for item in (TWO, THREE)]
    return judge(ASKED, (ONE, TWO, THREE), [seen, *others], today=TODAY)


def record(**facts: Any) -> Record:
    judged = verdict()
    whole: dict[str, Any] = {
        "run_id": "20260615t000000z-abcdef",
        "gate": "gate",
        "gate_title": "A gate",
        "verdict": "failed",
        "rehearsal": False,
        "finished_whole": True,
        "target": TargetEntry(name="shop", commit="c" * 40, dirty=False),
        "policy_digest": "sha256:0",
        "started": "2026-06-15T00:00:00Z",
        "finished": "2026-06-15T00:01:00Z",
        "environment": Environment(exitgate="0", python="3", platform="Linux", user="u", clock="system"),
        "substitutes": (),
        "tools": (Tool(name="engine", version="28"),),
        "problems": (),
        "criteria": (),
        "controls": control_entries(judged.controls, {}),
        "requirements": control_entries(judged.requirements, {}),
        "waivers": (),
    }
    return Record(**{**whole, **facts})


# ---- What goes into it --------------------------------------------------------------------------------------------


def test_a_control_goes_in_with_all_that_was_said_of_it() -> None:
    judged = verdict(
        message="broken",
        findings=(FINDING,),
        evidence=(EVIDENCE,),
        duration_s=1.23456,
        substrate="an engine",
        limits=("a limit",),
        substitutes=("a base image",),
    )
    (entry,) = control_entries(judged.controls, {})
    assert (entry.id, entry.criterion, entry.dimension) == ("a", "containers", "A")
    assert (entry.title, entry.rationale, entry.remediation) == ("a", "Why.", "How.")
    assert (entry.status, entry.assurance, entry.needs) == ("not_met", "live", "executed")
    one, two = entry.checks
    assert (one.id, one.subject, one.says, one.status, one.needs, one.assurance) == (
        "one",
        "shop",
        "It is so.",
        "not_met",
        "executed",
        "live",
    )
    assert (one.message, one.findings, one.evidence, one.duration_s) == ("broken", (FINDING,), (EVIDENCE,), 1.235)
    assert (one.substrate, one.limits, one.substitutes) == ("an engine", ("a limit",), ("a base image",))
    assert (two.id, two.status, two.needs) == ("two", "met", "declared")


def test_what_was_not_seen_goes_in_without_a_level() -> None:
    judged = judge(ASKED, (ONE, TWO, THREE), [], today=TODAY)
    (entry,) = control_entries(judged.controls, {})
    assert (entry.assurance, entry.status) == (None, "not_assessed")
    assert [each.assurance for each in entry.checks] == [None, None]


def test_a_control_without_a_proof_is_unproven_and_one_with_a_proof_has_its_own() -> None:
    proof = Proof(status="proven", faults=(FaultEntry(id="f", title="a fault", killed=True),))
    judged = verdict()
    assert control_entries(judged.controls, {"a": proof})[0].proof == proof
    assert control_entries(judged.controls, {"r": proof})[0].proof == Proof(status="unproven", faults=())


def test_substitutes_are_gathered_from_everywhere_sorted_and_once() -> None:
    seen = [
        Outcome(key=ONE.key, status=Status.MET, substitutes=("b", "a")),
        Outcome(key=THREE.key, status=Status.MET, substitutes=("c", "a")),
    ]
    assert substitutes_of(judge(ASKED, (ONE, TWO, THREE), seen, today=TODAY)) == ("a", "b", "c")
    assert substitutes_of(verdict()) == ()


def test_tools_are_gathered_from_everywhere_sorted_and_once() -> None:
    def tool(name: str, version: str) -> Tool:
        return Tool(name=name, version=version)

    seen = [
        Outcome(key=ONE.key, status=Status.MET, tools=(tool("b", "1"), tool("a", "2"))),
        Outcome(key=THREE.key, status=Status.MET, tools=(tool("a", "1"), tool("b", "1"))),
    ]
    judged = judge(ASKED, (ONE, TWO, THREE), seen, today=TODAY)
    assert tools_of(judged) == (tool("a", "1"), tool("a", "2"), tool("b", "1"))


# ---- Written and read ---------------------------------------------------------------------------------------------


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_record(record(), tmp_path)
    assert path == tmp_path / "record.json"
    assert read_record(path) == record()
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_a_record_says_its_schema(tmp_path: Path) -> None:
    assert json.loads(write_record(record(), tmp_path).read_bytes())["schema_version"] == 1


def test_a_record_of_hostile_words_is_read_back(tmp_path: Path) -> None:
    hostile = record(problems=("</script>\x00\x1b[31m\u2028größe\n",))
    assert read_record(write_record(hostile, tmp_path)) == hostile


def test_a_record_that_is_not_there_is_told_how_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"no record; expected a record\.json"):
        read_record(tmp_path / "record.json")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"\xff" + data,
        lambda data: data.replace(b'"schema_version": 1', b'"schema_version": 2'),
        lambda data: data.replace(b'"run_id"', b'"run"'),
        lambda data: data.replace(b'"verdict"', b'"colour": "red", "verdict"'),
        lambda data: b"[]",
    ],
)
def test_a_damaged_record_is_an_error_of_one_line(tmp_path: Path, damage: Any) -> None:
    path = write_record(record(), tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(EvidenceError, match="expected a record of schema 1") as caught:
        read_record(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_is_written_whole_with_its_folders_and_nothing_else(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "a" / "b" / "file", "größe\n")
    assert path.read_bytes() == "größe\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"a longer content")
    write_atomically(tmp_path / "file", b"short")
    assert (tmp_path / "file").read_bytes() == b"short"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_reader_of_the_file_before_keeps_all_of_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"before")
    with (tmp_path / "file").open("rb") as reader:
        write_atomically(tmp_path / "file", b"after")
        assert reader.read() == b"before"


def test_a_place_that_is_taken_by_a_folder_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(EvidenceError, match="can't be written"):
        write_atomically(tmp_path / "file", b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvidenceError, match="can't be written"):
        write_atomically(tmp_path / "file" / "below", b"x")


def test_a_full_disk_leaves_the_file_before_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_atomically(tmp_path / "file", b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvidenceError, match="No space left on device"):
        write_atomically(tmp_path / "file", b"after")
    assert (tmp_path / "file").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1
