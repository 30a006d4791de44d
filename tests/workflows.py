"""Workflows for tests, from text."""

from __future__ import annotations

from exitgate.github.workflow import Workflow
from exitgate.observe.workflow import parse_workflow

PATH = ".github/workflows/ci.yml"


def parsed(text: str) -> Workflow:
    """Return a workflow that GitHub would run."""
    workflow = parse_workflow(text, PATH)
    assert workflow.is_valid, workflow.problems
    return workflow
