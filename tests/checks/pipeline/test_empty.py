"""Every rule about workflows on a target that has nothing of what it asks about: a finding or not assessed, never a pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exitgate.checks import pipeline as checks
from exitgate.errors import ExitgateError
from exitgate.finding import Finding
from exitgate.observe.workflow import bash_oracle, model_of, read_rulesets, read_workflows
from exitgate.observe.workflow.packages import read_packages
from exitgate.policy import PipelinePolicy
from exitgate.target import Pipeline
from tests.provision.repository import git
from tests.workflows import PATH

POLICY = PipelinePolicy(node_versions=("20",), merge_queue=False, lint_severity="medium")
EMPTY = "on: {}\njobs: {}\n"
IDLE = "on: workflow_dispatch\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{run: echo hello}]\n"


def outcome(rule: Callable[[], list[Finding]]) -> str:
    try:
        found = rule()
    except ExitgateError as error:
        return type(error).__name__
    return "findings" if found else "passes"


@pytest.mark.parametrize("text", ["", EMPTY, IDLE])
def test_nothing_passes_that_needs_something_to_look_at(text: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    if text:
        (tmp_path / PATH).parent.mkdir(parents=True)
        (tmp_path / PATH).write_text(text)
    (tmp_path / "package.json").write_text("{}")
    git(tmp_path, "add", "--all")
    workflows = read_workflows(tmp_path, (PATH,))
    rulesets = read_rulesets(tmp_path, ())
    packages = read_packages(tmp_path)
    model = model_of(workflows, rulesets, "main", bash_oracle())
    place = Pipeline()
    outcomes = {
        "misplaced_starts": outcome(lambda: checks.misplaced_starts(model, POLICY)),
        "unreported_checks": outcome(lambda: checks.unreported_checks(model, POLICY)),
        "lax_rulesets": outcome(lambda: checks.lax_rulesets(model, POLICY)),
        "unlimited_bypasses": outcome(lambda: checks.unlimited_bypasses(rulesets, POLICY)),
        "foreign_requirements": outcome(lambda: checks.foreign_requirements(rulesets, POLICY, "main")),
        "misproduced_checks": outcome(lambda: checks.misproduced_checks(model, POLICY)),
        "skippable_checks": outcome(lambda: checks.skippable_checks(model, POLICY)),
        "unreached_checks": outcome(lambda: checks.unreached_checks(model, POLICY)),
        "uncovered_versions": outcome(lambda: checks.uncovered_versions(workflows, packages, POLICY)),
        "loose_installs": outcome(lambda: checks.loose_installs(workflows, packages, place)),
        "blind_comparisons": outcome(lambda: checks.blind_comparisons(workflows)),
    }
    assert [name for name, each in outcomes.items() if each == "passes"] == []
    assert set(outcomes.values()) <= {"findings", "PrerequisiteMissing", "ObservationError"}
