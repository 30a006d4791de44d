"""By which step of the reference's workflow each kind of break has to be noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.workflow import parse_workflow
from exitgate.observe.workflow_run.aims import steps_noticing
from tests.workflows import PATH

REFERENCE = Path(__file__).parents[3] / "reference" / PATH
WORKFLOW = parse_workflow(REFERENCE.read_text(encoding="utf-8"), PATH)
TITLES = {step.place: (job.id, step.title) for job in WORKFLOW.jobs.values() for step in job.steps}


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (("test", "unit"), [("verify", "Unit tests")]),
        (("typecheck",), [("verify", "Type check")]),
        (("integration",), [("integration", "Integration tests")]),
        (("migration", "migrate", "migrations"), [("integration", "Deploy migrations")]),
        (("build",), [("verify", "Build"), ("repository", "Generated files and lockfile")]),
        (("install",), [("verify", "Install"), ("integration", "Install"), ("repository", "Install")]),
    ],
)
def test_steps_are_found_by_what_they_run(names: tuple[str, ...], steps: list[tuple[str, str]]) -> None:
    assert [TITLES[place] for place in steps_noticing(WORKFLOW, names)] == steps


def test_where_any_step_may_notice_all_that_run_something_are_named() -> None:
    assert ("repository", "Projects without tests") in [TITLES[place] for place in steps_noticing(WORKFLOW, ())]


def test_without_such_a_step_nothing_is_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="no step that runs release"):
        steps_noticing(WORKFLOW, ("release",))
