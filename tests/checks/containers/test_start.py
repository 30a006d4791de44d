"""Rules on whether a workload works while it is confined."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import confinement_breaks
from tests.checks.containers.builders import LOCATIONS, life


def test_a_workload_that_answers_on_a_read_only_root_has_no_finding() -> None:
    assert confinement_breaks(life(root_options=("ro", "relatime"))) == []


def test_a_workload_that_does_not_answer_is_a_finding_with_the_reason() -> None:
    (finding,) = confinement_breaks(life(answered=False, failure="it ended with exit code 1"))
    assert finding.location == LOCATIONS.definition
    assert finding.got == "it ended with exit code 1"


@pytest.mark.parametrize("options", [("rw", "relatime"), ("relatime",), ("rw", "errors=remount-ro"), ("root",)])
def test_a_root_file_system_that_can_be_written_is_a_finding(options: tuple[str, ...]) -> None:
    (finding,) = confinement_breaks(life(root_options=options))
    assert finding.location == LOCATIONS.read_only_root
    assert finding.got == f"mounted {','.join(options)}"


def test_ro_counts_wherever_it_stands() -> None:
    assert confinement_breaks(life(root_options=("relatime", "ro"))) == []


def test_a_workload_that_ended_too_early_for_its_mounts_has_the_one_finding() -> None:
    (finding,) = confinement_breaks(life(answered=False, failure="ended", root_options=()))
    assert finding.location == LOCATIONS.definition


def test_a_workload_that_answers_on_a_root_that_could_not_be_read_is_a_finding() -> None:
    (finding,) = confinement_breaks(life(answered=True, root_options=()))
    assert finding.location == LOCATIONS.read_only_root
    assert finding.got == "mounted in a way that could not be read"


def test_both_ways_of_breaking_are_named() -> None:
    assert len(confinement_breaks(life(answered=False, failure="no answer", root_options=("rw",)))) == 2
