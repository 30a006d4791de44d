"""OSCAL assessment results, read back by compliance-trestle: valid whatever the record holds, and no better than it."""

from __future__ import annotations

from typing import Any

import pytest
from trestle.core.duplicates_validator import DuplicatesValidator
from trestle.core.refs_validator import RefsValidator
from trestle.oscal import OSCAL_VERSION as TRESTLE_OSCAL_VERSION
from trestle.oscal.assessment_results import AssessmentResults, Model

from exitgate.provenance import Evidence
from exitgate.record import Record, StandardEntry
from exitgate.reporting.oscal import OSCAL_VERSION, render_oscal
from tests.reporting.records import (
    BROKEN,
    EXCLUDED,
    FINDING,
    MARKUP,
    NOT_MET,
    UNSEEN,
    WAIVED,
    judged,
    mixed_record,
    passing,
    record_of,
    with_text,
)


def read(record: Record) -> AssessmentResults:
    """Return the document as trestle reads it, refused where an id stands twice or a reference leads nowhere."""
    results = Model.model_validate_json(render_oscal(record)).assessment_results
    for validator in (DuplicatesValidator(), RefsValidator()):
        assert validator.model_is_valid(results, quiet=True), type(validator).__name__
    return results


@pytest.fixture(scope="module")
def mixed() -> Record:
    return mixed_record()


def test_the_version_is_the_one_that_is_checked() -> None:
    assert OSCAL_VERSION == TRESTLE_OSCAL_VERSION


def test_only_what_is_met_is_satisfied(mixed: Record) -> None:
    (result,) = read(mixed).results
    told = {each.title.split(" ")[0]: each.target.status for each in result.findings}
    states = {control: (status.state.value, status.reason) for control, status in told.items()}
    assert states[NOT_MET] == ("not-satisfied", "fail")
    for control in (BROKEN, UNSEEN, WAIVED):
        assert states[control] == ("not-satisfied", "other")
    met = {each.id for each in (*mixed.controls, *mixed.requirements) if each.status == "met"}
    assert {control for control, state in states.items() if state == ("satisfied", "pass")} == met


def test_what_does_not_apply_is_excluded_and_named(mixed: Record) -> None:
    (result,) = read(mixed).results
    (selection,) = result.reviewed_controls.control_selections
    assert [each.control_id for each in selection.exclude_controls] == [f"gate-gate3-{EXCLUDED}"]
    assert len(selection.include_controls) == len(mixed.controls) + len(mixed.requirements) - 1


def test_each_finding_leads_to_its_observations_and_their_evidence(mixed: Record) -> None:
    (result,) = read(mixed).results
    seen = {each.uuid: each for each in result.observations}
    finding = next(each for each in result.findings if each.title.startswith(NOT_MET))
    (first, *_) = [seen[each.observation_uuid] for each in finding.related_observations]
    assert first.relevant_evidence[0].href == "evidence/abab-processes.json"
    assert FINDING.message in first.relevant_evidence[1].description
    assert first.methods == ["EXAMINE"]
    assert {each.methods[0] for each in result.observations} == {"EXAMINE", "TEST", "UNKNOWN"}


def test_standards_travel_with_the_finding(mixed: Record) -> None:
    entry = StandardEntry(standard="NIST SP 800-53", supports=("CM-2",), partial=("SI-2",))
    control = mixed.controls[0].model_copy(update={"standards": (entry,)})
    (result,) = read(mixed.model_copy(update={"controls": (control,)})).results
    told = {(prop.name, prop.value) for prop in result.findings[0].props}
    assert {("supports", "NIST SP 800-53 CM-2"), ("supports-in-part", "NIST SP 800-53 SI-2")} <= told


def test_a_rehearsal_and_an_unfinished_run_say_so(mixed: Record) -> None:
    (result,) = read(mixed.model_copy(update={"finished_whole": False})).results
    assert "A rehearsal" in result.remarks
    assert "did not come to its end" in result.remarks
    assert "worker gw1 died" in result.remarks


@pytest.mark.parametrize("keep", [frozenset(), frozenset({"status", "criterion", "verdict", "id", "subject"})])
@pytest.mark.parametrize("text", [MARKUP, "", " ", "a\u202eb\x00\ud800", "# [x](javascript:y)\n\n`z`", "9" * 5000])
def test_any_record_makes_a_valid_document(mixed: Record, keep: frozenset[str], text: str) -> None:
    hostile = Record.model_validate(with_text(mixed.model_dump(mode="json"), text, keep=keep))
    told: Any = Model.model_validate_json(render_oscal(hostile)).assessment_results
    assert told.results[0].findings


def test_evidence_outside_of_the_folder_is_named_and_not_linked(mixed: Record) -> None:
    control = mixed.controls[0]
    evidence = Evidence(name="seen", sha256="cd" * 32, path="../../etc/passwd")
    check = control.checks[0].model_copy(update={"evidence": (evidence,)})
    told = read(mixed.model_copy(update={"controls": (control.model_copy(update={"checks": (check,)}),)}))
    assert told.results[0].observations[0].relevant_evidence[0].href is None


def test_a_record_of_nothing_is_valid() -> None:
    assert read(record_of(judged(passing), controls=(), requirements=(), finished=None)).results[0].findings is None


def test_equal_records_give_equal_documents(mixed: Record) -> None:
    assert render_oscal(mixed) == render_oscal(mixed_record())
