"""Each command of a workflow made to fail in turn, run, reported, and pushed to a forge: sound wiring blocks, masks are seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.pipeline import (
    merged_failures,
    misplaced_failures,
    red_controls,
    refused_controls,
    unblocked_failures,
    unlanded_failures,
    unopened_failures,
)
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.events import Event
from exitgate.github.merging import CheckRun, PullRequest, decide
from exitgate.github.outcomes import Ending, Result
from exitgate.github.rulesets import RequiredContext, Rule, Ruleset, rules_of
from exitgate.observation import Substrate
from exitgate.observe.workflow_run import ChangeTrial, ChangeTrials, ReportedRun, try_change, variants
from exitgate.observe.workflow_run.results import JobReport
from exitgate.provision.forge import Forge, Pushed, throwaway_forge
from tests.observe.verification.repository import verification
from tests.observe.workflow_run.small_runner import run
from tests.provision.repository import git
from tests.workflows import PATH, parsed

EVENT = Event(name="pull_request", branch="main", action="opened", fork=False)
SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="a test's own runner")
SOUND = """\
on: pull_request
defaults: {run: {shell: bash}}
jobs:
  verify:
    runs-on: ubuntu-24.04
    steps:
      - name: Install
        run: npm ci
      - name: Unit tests
        run: npx nx affected -t test
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: |
          npx tsc -b
          npx vite build | tee log
  ci:
    if: always()
    needs: [verify, build]
    runs-on: ubuntu-24.04
    steps:
      - run: |
          [[ "$RESULTS" =~ ^success(\\ success)*$ ]]
        env:
          RESULTS: ${{ join(needs.*.result, ' ') }}
"""
RULESET = Ruleset(
    path="rules.json",
    name="main",
    target="branch",
    enforcement="active",
    include=("~DEFAULT_BRANCH",),
    exclude=(),
    rules=(
        Rule(type="pull_request", place=""),
        Rule(type="required_status_checks", place="", contexts=(RequiredContext(name="ci", app_id=15368, place=""),)),
    ),
    bypass=(),
)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch=main")
    git(source, "commit", "--quiet", "--allow-empty", "--message", "first")
    with throwaway_forge(
        tmp_path / "forge", source, branches=("main",), rulesets=(RULESET,), default_branch="main"
    ) as made:
        yield made


class InThought:
    """A forge without a repository: the same rule, no push."""

    def __init__(self) -> None:
        self.pulls: list[PullRequest] = []

    def propose(self, base: str, path: str, text: str) -> int:
        self.pulls.append(PullRequest(checks=()))
        return len(self.pulls) - 1

    def record(self, number: int, pull: PullRequest) -> None:
        self.pulls[number] = pull

    def merge(self, number: int) -> Pushed:
        decision = decide(rules_of((RULESET,), "main", "main"), self.pulls[number])
        return Pushed(
            branch="main",
            accepted=decision.merges,
            reasons=decision.reasons,
            change="merged",
            before="a",
            after="b" if decision.merges else "a",
            said="",
        )


def tried(forge: Forge | InThought, text: str, folder: Path) -> ChangeTrials:
    (folder / "files").mkdir()
    commands = verification(folder / "files", text).commands
    trials: list[ChangeTrial] = []
    for variant in variants(PATH, text, commands):
        number = forge.propose("main", PATH, variant.text + f"# {len(trials)}\n")
        step = [
            each.place
            for job in parsed(text).jobs.values()
            for each in job.steps
            if each.run and variant.place and each.run.first_line <= int(variant.place.rpartition(":")[2])
        ]
        trials.append(
            try_change(
                forge,
                number,
                lambda _, workflow: run(workflow, folder),
                (parsed(variant.text),),
                EVENT,
                aim=variant.place or "nothing",
                what=variant.command or "the unmodified target",
                expected=tuple(step[-1:]),
                merge="",
            )
        )
    control, *broken = trials
    return ChangeTrials(
        substrate=SUBSTRATE, control=control, broken=tuple(broken), asked=len(commands), required=("ci",)
    )


def test_every_command_of_a_sound_workflow_blocks_and_at_its_own_step(forge: Forge, tmp_path: Path) -> None:
    observed = tried(forge, SOUND, tmp_path)
    assert len(observed.broken) == 4
    assert (red_controls(observed), merged_failures(observed), misplaced_failures(observed)) == ([], [], [])
    assert [trial.pushed.accepted for trial in observed.broken] == [False] * 4


@pytest.mark.parametrize(
    ("old", "new", "aims"),
    [
        ("run: npm ci", "run: npm ci || true", [f"{PATH}:8"]),
        ("run: npx nx affected -t test", "run: npx nx affected -t test || echo no", [f"{PATH}:10"]),
        ("npx tsc -b\n", "npx tsc -b || true\n", [f"{PATH}:15"]),
        ("shell: bash", "shell: 'bash -e {0}'", [f"{PATH}:16"]),
        ("needs: [verify, build]", "needs: [verify]", [f"{PATH}:15", f"{PATH}:16"]),
        ("    if: always()\n", "", [f"{PATH}:8", f"{PATH}:10", f"{PATH}:15", f"{PATH}:16"]),
        ("=~ ^success(\\ success)*$", "=~ success", [f"{PATH}:8", f"{PATH}:10", f"{PATH}:15", f"{PATH}:16"]),
        ("npm ci\n", "npm ci\n        continue-on-error: true\n", [f"{PATH}:8"]),
    ],
)
def test_a_mask_is_seen_by_what_gets_in(old: str, new: str, aims: list[str], tmp_path: Path) -> None:
    assert old in SOUND
    observed = tried(InThought(), SOUND.replace(old, new), tmp_path)
    assert red_controls(observed) == []
    assert [trial.aim for trial in observed.broken if trial.pushed.accepted] == aims
    assert len(merged_failures(observed)) == len(aims)


def test_a_red_control_proves_nothing(forge: Forge, tmp_path: Path) -> None:
    observed = tried(
        forge, SOUND.replace("needs: [verify, build]", "needs: [verify, build]\n    env: {A: b}"), tmp_path
    )
    red = replace(observed, control=observed.broken[0])
    (finding,) = red_controls(red)
    assert finding.location == f"{PATH}:7"
    assert "npm ci does not pass the required check 'ci'" in finding.message
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        merged_failures(red)


def trial(aim: str, *failing: str, accepted: bool = False) -> ChangeTrial:
    check = CheckRun(name="ci", conclusion="failure" if failing else "success")
    ending = Ending(result=Result.FAILURE if failing else Result.SUCCESS)
    report = JobReport(job="ci", ending=ending, checks=(check,), legs=(), failing=failing)
    after = "b" if accepted else "a"
    pushed = Pushed(branch="main", accepted=accepted, reasons=(), change="merged", before="a", after=after, said="")
    runs = (ReportedRun(workflow=PATH, jobs={"ci": report}),)
    return ChangeTrial(aim=aim, what=f"the fault {aim}", expected=("ci.yml:3",), runs=runs, pushed=pushed)


def observed_of(*broken: ChangeTrial, asked: int | None = None) -> ChangeTrials:
    return ChangeTrials(
        substrate=SUBSTRATE,
        control=trial("nothing", accepted=True),
        broken=broken,
        asked=len(broken) if asked is None else asked,
        required=("ci",),
    )


def test_a_failure_at_another_step_is_told() -> None:
    (finding,) = misplaced_failures(observed_of(trial("a", "ci.yml:9", "ci.yml:3"), trial("b", "ci.yml:3")))
    assert (finding.location, finding.got) == ("ci.yml:9", "a failure at ci.yml:9")
    assert finding.message.endswith("the fault a")


def test_a_control_that_is_refused_though_green_is_told() -> None:
    observed = replace(observed_of(trial("a", "ci.yml:3")), control=trial("nothing"))
    assert red_controls(observed) == []
    (finding,) = refused_controls(observed)
    assert "refused though every required check passed" in finding.message
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.3"):
        merged_failures(observed)


def test_a_push_that_leaves_the_branch_as_it_was_is_no_merge() -> None:
    sound = trial("nothing", accepted=True)
    observed = replace(observed_of(), control=replace(sound, pushed=replace(sound.pushed, after="a")))
    (finding,) = refused_controls(observed)
    assert "the branch does not hold it" in finding.message


def test_a_failure_that_no_step_tells_has_not_landed() -> None:
    swallowed, elsewhere = trial("a", accepted=True), trial("b", "ci.yml:2")
    assert [each.got for each in unlanded_failures(observed_of(swallowed, elsewhere))] == [
        "no failing step",
        "a failure at ci.yml:2",
    ]
    assert unlanded_failures(observed_of(trial("c", "ci.yml:3"))) == []
    assert len(unblocked_failures(observed_of(swallowed, elsewhere, trial("c", "ci.yml:3")))) == 2


def test_a_failure_is_opened_only_where_it_changes_something_under_rules() -> None:
    opened = replace(trial("a", "ci.yml:3"), changed=("a.test.ts",), rules=("main",))
    assert unopened_failures(observed_of(opened)) == []
    assert [each.message for each in unopened_failures(observed_of(replace(opened, rules=(), changed=())))] == [
        "no active ruleset holds for the branch into which the deliberate failure is opened",
        "the deliberate failure changes no file: the fault a",
    ]
    with pytest.raises(ObservationError, match="0 broken changes tried"):
        unopened_failures(observed_of())


@pytest.mark.parametrize("observed", [observed_of(), observed_of(trial("a", "ci.yml:3"), asked=2)])
def test_what_was_not_tried_is_no_pass(observed: ChangeTrials) -> None:
    for rule in (merged_failures, misplaced_failures):
        with pytest.raises(ObservationError, match="broken changes tried"):
            rule(observed)
    with pytest.raises(ObservationError, match="no change 'z'"):
        merged_failures(observed_of(trial("a", "ci.yml:3")), ("z",))


def test_a_workflow_without_commands_and_one_that_can_t_be_edited_are_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no command of its own"):
        list(variants(PATH, SOUND, ()))
    text = 'on: pull_request\njobs:\n  ci:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: "npx  jest\\u0020"\n'
    commands = verification(tmp_path, text).commands
    with pytest.raises(PrerequisiteMissing, match="does not stand so in its line"):
        list(variants(PATH, text.replace("npx  jest", "npx \\u0020jest"), commands))
