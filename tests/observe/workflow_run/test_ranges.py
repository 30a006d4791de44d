"""What Nx would compare, read from a workflow that is really run, in clones with real commits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from exitgate.checks.pipeline import foreign_ranges
from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.workflow import Step, Workflow
from exitgate.observe.workflow import read_workflows
from exitgate.observe.workflow_run import ChangeLab, change_lab, compared_ranges
from exitgate.provision.confined import Ended, Quarters
from exitgate.provision.workflow_run import Runner, Started
from exitgate.provision.workflow_run.recorders import write_recorders
from tests.observe.verification.repository import verification
from tests.observe.workflow_run.small_runner import logged
from tests.observe.workflow_run.test_changes import PULL, SmallRunner
from tests.observe.workflow_run.test_trials import RULESET
from tests.provision.repository import git
from tests.workflows import PATH

TEXT = """\
on: [push, pull_request, merge_group]
defaults: {run: {shell: bash}}
jobs:
  ci:
    runs-on: ubuntu-24.04
    steps:
      - run: npm ci
      - run: npx nx affected -t test --base=BASE
      - run: npx nx affected -t build --base BASE --head=HEAD
"""
RIGHT = '"$STARTED_AT"'


class Recording(SmallRunner):
    """Runs a workflow with nx standing still; the steps are told of their event."""

    def record(self, clone: Path, workflow: Workflow, steps: Sequence[Step], started: Started) -> Ended:
        programs = write_recorders(cast("Quarters", self.place), clone)
        path = f"{programs}:{os.environ['PATH']}"
        told = {"PATH": path, "STARTED_AT": started.base, "EVENT": started.event.name}
        return Ended(exit_code=0, output=logged(workflow, clone, told), errors="", seconds=1.0)


@contextmanager
def lab_of(folder: Path, text: str) -> Iterator[ChangeLab]:
    target = folder / "target"
    (target / PATH).parent.mkdir(parents=True)
    (target / PATH).write_text(text)
    git(target, "init", "--quiet", "--initial-branch=main")
    git(target, "add", "--all")
    git(target, "commit", "--quiet", "--message=first")
    with change_lab(
        cast("Runner", Recording(folder)),
        target,
        read_workflows(target, (PATH,)),
        (RULESET,),
        event=PULL,
        required=("ci",),
        evidence=EvidenceFolder(folder / "report"),
    ) as lab:
        yield lab


@pytest.mark.parametrize(
    ("base", "found"),
    [
        (RIGHT, []),
        ("HEAD", ["a commit with itself"] * 3),
        ("HEAD^1", ["commits that leave out exitgate-range-first.md", "", ""]),
        (
            "origin/main",
            ["a commit with itself", "", "commits that take in exitgate-range-ahead-in-the-queue.md, of other changes"],
        ),
        ("nothing", ["with a base that is not in the checkout"] * 3),
    ],
)
def test_a_base_is_tried_on_a_push_a_pull_request_and_an_entry_of_the_queue(
    base: str, found: list[str], tmp_path: Path
) -> None:
    text = TEXT.replace("BASE", base)
    (tmp_path / "files").mkdir()
    commands = verification(tmp_path / "files", text).commands
    with lab_of(tmp_path, text) as lab:
        observed = compared_ranges(lab, commands)
    assert [(each.event, each.asked, len(each.ranges)) for each in observed.events] == [
        (name, 2, 2) for name in ("push", "pull_request", "merge_group")
    ]
    scenes = ("a push of two commits", "a pull request behind its branch", "an entry of the merge queue behind another")
    wanted = [f"on {scene}, Nx compares {words}" for scene, words in zip(scenes, found, strict=False) if words]
    assert [finding.message for finding in foreign_ranges(observed)] == [each for each in wanted for _ in (8, 9)]
    assert len(observed.evidence) == 3


def test_a_step_that_stops_on_an_event_is_found(tmp_path: Path) -> None:
    text = TEXT.replace("      - run: npm ci\n", '      - run: test "$EVENT" != merge_group\n').replace("BASE", RIGHT)
    (tmp_path / "files").mkdir()
    commands = verification(tmp_path / "files", text).commands
    with lab_of(tmp_path, text) as lab:
        (finding,) = foreign_ranges(compared_ranges(lab, commands))
    assert (finding.location, finding.message.partition(", ")[2]) == (
        f"{PATH}:7",
        "CI fails before Nx compares anything",
    )


def test_without_nx_affected_nothing_is_assessed(tmp_path: Path) -> None:
    text = TEXT.replace("affected", "run-many").replace("BASE", "HEAD")
    (tmp_path / "files").mkdir()
    commands = verification(tmp_path / "files", text).commands
    with lab_of(tmp_path, text) as lab, pytest.raises(PrerequisiteMissing, match="nx affected"):
        compared_ranges(lab, commands)
