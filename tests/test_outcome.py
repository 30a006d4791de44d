"""Outcomes: how bad a status is, and how one crosses from worker to controller as JSON."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from pydantic import ValidationError

from exitgate.assurance import Assurance
from exitgate.finding import Finding
from exitgate.outcome import Key, Outcome, Status, worst
from exitgate.provenance import Evidence, Tool

KEY = Key(control="3.2.A.2", check="setuid-files", subject="orders")
FINDING = Finding(
    location="image:/bin/su", message="it is setuid", expected="no such file", got="setuid 0", remedy="Remove it."
)
WHOLE = Outcome(
    key=KEY,
    status=Status.NOT_MET,
    assurance=Assurance.EXECUTED,
    message="it is setuid",
    findings=(FINDING,),
    evidence=(Evidence(name="files.txt", sha256="0" * 64, path="evidence/0-files.txt"),),
    duration_s=1.5,
    substrate="container on an engine",
    limits=("not Fargate",),
    substitutes=("a base image",),
    tools=(Tool(name="engine", version="28.2"),),
)


def crossed(outcome: Outcome) -> Outcome:
    return Outcome.model_validate(json.loads(json.dumps(outcome.model_dump(mode="json"))))


def test_every_status_has_its_place_from_best_to_worst() -> None:
    order = ["not_applicable", "met", "waived", "not_assessed", "error", "not_met"]
    for better, worse in itertools.combinations(order, 2):
        assert worst([Status(better), Status(worse)]) == worse
        assert worst([Status(worse), Status(better)]) == worse
    assert set(order) == set(Status)


def test_the_worst_of_one_is_that_one() -> None:
    assert [worst([status]) for status in Status] == list(Status)


def test_a_status_reads_as_words() -> None:
    assert Status.NOT_ASSESSED.words == "not assessed"
    assert Status.MET.words == "met"


def test_a_key_names_control_check_and_subject() -> None:
    assert str(KEY) == "3.2.A.2 setuid-files · orders"


def test_equal_keys_are_one_key() -> None:
    assert len({KEY, Key(**KEY.model_dump())}) == 1


def test_a_whole_outcome_crosses_unchanged() -> None:
    assert crossed(WHOLE) == WHOLE


def test_a_bare_outcome_crosses_unchanged() -> None:
    bare = Outcome(key=KEY, status=Status.NOT_ASSESSED)
    assert crossed(bare) == bare
    assert crossed(bare).assurance is None


@pytest.mark.parametrize("level", Assurance)
def test_a_level_crosses_by_its_label(level: Assurance) -> None:
    outcome = Outcome(key=KEY, status=Status.MET, assurance=level)
    assert outcome.model_dump(mode="json")["assurance"] == level.label
    assert crossed(outcome).assurance is level


@pytest.mark.parametrize("name", ["plain", "größe", "line\nbreak", "\x1b[31m", "\u2028", "/bin/\udcff"])
def test_a_file_name_that_an_image_chose_crosses_in_a_finding(name: str) -> None:
    finding = Finding(location=f"image:{name}", message=name, expected="e", got="g", remedy="r")
    outcome = Outcome(key=KEY, status=Status.NOT_MET, message=name, findings=(finding,))
    assert len(crossed(outcome).findings) == 1
    assert outcome.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "passed"},
        {"assurance": "seen"},
        {"key": {"control": "a", "check": "b"}},
        {"colour": "red"},
        {"findings": [{"location": "x"}]},
    ],
)
def test_what_is_no_outcome_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Outcome.model_validate({**WHOLE.model_dump(mode="json"), **wrong})


def test_an_outcome_can_not_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        WHOLE.status = Status.MET  # type: ignore[misc]


def test_a_finding_reads_as_place_fault_wish_and_remedy() -> None:
    assert str(FINDING) == "image:/bin/su: it is setuid (expected no such file, got setuid 0). Remove it."
