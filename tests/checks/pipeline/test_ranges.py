"""Commits that Nx compares: such that enclose the change, and others."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import foreign_ranges
from exitgate.errors import ObservationError
from exitgate.observe.workflow_run import ComparedRanges
from exitgate.observe.workflow_run.ranges import ComparedRange, EventRanges
from tests.checks.pipeline.trials import STEP, SUBSTRATE

A, B = "a" * 40, "b" * 40


def observed(base: str, head: str, *changed: str, asked: int = 1, failing: tuple[str, ...] = ()) -> ComparedRanges:
    ranges = (ComparedRange(event="push", place=STEP, base=base, head=head, changed=changed),) * (0 if failing else 1)
    event = EventRanges(event="push", ranges=ranges, asked=asked, failing=failing, changed=("a.md", "b.md"))
    return ComparedRanges(substrate=SUBSTRATE, events=(event,))


def test_commits_that_enclose_the_change_are_no_finding() -> None:
    assert foreign_ranges(observed(A, B, "a.md", "b.md")) == []


@pytest.mark.parametrize(
    ("base", "head", "changed", "words"),
    [
        (A, A, (), "a commit with itself"),
        ("", B, (), "with a base that is not in the checkout"),
        (A, "", (), "with a head that is not in the checkout"),
        (A, B, ("b.md",), "commits that leave out a.md"),
        (A, B, ("a.md", "b.md", "c.md"), "commits that take in c.md, of other changes"),
    ],
)
def test_other_commits_are_a_finding(base: str, head: str, changed: tuple[str, ...], words: str) -> None:
    (finding,) = foreign_ranges(observed(base, head, *changed))
    assert (finding.location, finding.message) == (STEP, f"on a push of two commits, Nx compares {words}")


def test_a_step_that_fails_before_is_a_finding() -> None:
    (finding,) = foreign_ranges(observed(A, B, failing=(STEP,)))
    assert finding.message == "on a push of two commits, CI fails before Nx compares anything"


def test_what_was_not_heard_of_is_no_pass() -> None:
    with pytest.raises(ObservationError, match="1 commands told"):
        foreign_ranges(observed(A, B, "a.md", "b.md", asked=2))
    with pytest.raises(ObservationError, match="no event"):
        foreign_ranges(ComparedRanges(substrate=SUBSTRATE, events=()))
