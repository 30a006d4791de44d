"""Changes tried in a throwaway forge, by a runner of the tests' own: what gets in, what does not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

from exitgate.checks.pipeline import (
    merged_failures,
    red_controls,
    refused_controls,
    unblocked_failures,
    unlanded_failures,
    unopened_failures,
)
from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.faults.pipeline.mutants import Mutant, failing_unit_test, first_mutant, lock_drift
from exitgate.github.events import Event
from exitgate.github.workflow import Step, Workflow
from exitgate.observe.workflow import read_workflows
from exitgate.observe.workflow_run import ChangeLab, change_lab, projects
from exitgate.provenance import Tool
from exitgate.provision.confined import Ended
from exitgate.provision.workflow_run import Arrangement, Runner, Started
from tests.observe.verification.repository import verification
from tests.observe.workflow_run.small_runner import logged
from tests.observe.workflow_run.test_trials import RULESET
from tests.provision.repository import git
from tests.workflows import PATH

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
        run: npm test
  ci:
    if: always()
    needs: [verify]
    runs-on: ubuntu-24.04
    steps:
      - run: |
          [[ "$RESULTS" =~ ^success(\\ success)*$ ]]
        env:
          RESULTS: ${{ join(needs.*.result, ' ') }}
"""
NPM = """\
#!/bin/sh
case $1 in
  ci) ! grep -q exitgate-not-locked package.json ;;
  test) ! grep -r 'throw new Error' --include='*.test.ts' . ;;
esac
"""
BESIDE = ".github/workflows/more.yml"
PULL = Event(name="pull_request", branch="main", action="opened", fork=False)


class Here:
    """Quarters of nobody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hand_over(self, path: Path) -> None:
        assert path.is_dir()


class SmallRunner:
    """Runs workflows in the clone, as the user of the tests."""

    tools: Sequence[Tool] = ()
    substitutes = frozenset({"postgres: made of packages"})

    def __init__(self, folder: Path) -> None:
        self.place, self.fetched, self.forgotten, self.started = Here(folder), 0, 0, list[Started]()
        self.around = list[Arrangement]()

    def fetch(self, clone: Path) -> None:
        self.fetched += 1

    def forget(self) -> None:
        self.forgotten += 1

    def execute(
        self,
        clone: Path,
        workflow: Workflow,
        steps: Sequence[Step],
        started: Started,
        arrangement: Arrangement | None = None,
    ) -> Ended:
        self.started.append(started)
        self.around.append(arrangement or Arrangement())
        assert git(clone, "rev-parse", "HEAD") == started.merge
        return Ended(exit_code=1, output=logged(workflow, clone), errors="", seconds=1.0)


class Mute(SmallRunner):
    """One whose act says nothing that is its log."""

    def execute(
        self,
        clone: Path,
        workflow: Workflow,
        steps: Sequence[Step],
        started: Started,
        arrangement: Arrangement | None = None,
    ) -> Ended:
        return Ended(exit_code=1, output="", errors="Error: no space left\n", seconds=1.0)


@pytest.fixture(autouse=True)
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/npm").write_text(NPM)
    (tmp_path / "programs/npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")


@contextmanager
def lab_of(
    folder: Path, text: str, kind: type[SmallRunner] = SmallRunner, *, beside: str = ""
) -> Iterator[tuple[ChangeLab, SmallRunner]]:
    target = folder / "target"
    for name, content in {
        PATH: text,
        **({BESIDE: beside} if beside else {}),
        "package.json": "{}\n",
        "apps/shop/package.json": "{}\n",
        "apps/shop/src/shop.test.ts": "// passes\n",
        "libs/kit/package.json": "{}\n",
    }.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(content)
    git(target, "init", "--quiet", "--initial-branch=main")
    git(target, "add", "--all")
    git(target, "commit", "--quiet", "--message=first")
    runner = kind(folder)
    workflows = read_workflows(target, (PATH, BESIDE) if beside else (PATH,))
    evidence = EvidenceFolder(folder / "report")
    with change_lab(
        cast("Runner", runner), target, workflows, (RULESET,), event=PULL, required=("ci",), evidence=evidence
    ) as lab:
        yield lab, runner


def test_a_sound_target_lets_in_what_is_sound_and_what_was_mended_and_nothing_else(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND) as (lab, runner):
        found = projects(lab.source)
        assert set(found) == {"apps/shop", "libs/kit"}
        sound = lab.sound(found)
        assert {Path(name).parent.as_posix() for name in sound.changed} == set(found)
        drift = lab.observed(sound, lab.broken(lock_drift(lab.source)), asked=1)
        assert unblocked_failures(drift) == []
        assert drift.broken[0].failing[0] == f"{PATH}:7"
        failing = lab.observed(sound, lab.broken(first_mutant(failing_unit_test, lab.source, found)), asked=1)
        assert (unopened_failures(failing), unlanded_failures(failing), merged_failures(failing)) == ([], [], [])
        assert failing.broken[0].failing[0] == f"{PATH}:9"
        mended = lab.observed(lab.mended(failing.broken[0]), asked=0)
        assert (red_controls(mended), refused_controls(mended)) == ([], [])
        assert mended.control.changed == ("apps/shop/exitgate-note-2.md",)
        assert git(lab.forge.folder / "forge.git", "log", "-1", "--format=%s", "main^2").startswith("Revert")
    assert runner.fetched == 1
    assert mended.substrate.substitutes == ("postgres: made of packages",)
    assert [each.name for each in mended.evidence][-1] == "forge.txt"
    assert len(mended.evidence) == len(runner.started) + 1


def test_a_mended_branch_takes_in_what_was_merged_meanwhile(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND) as (lab, _):
        sound = lab.sound(("apps/shop",))
        failing = lab.observed(sound, lab.broken(failing_unit_test(lab.source, "apps/shop")), asked=1)
        assert lab.sound(("libs/kit",)).pushed.accepted
        mended = lab.observed(lab.mended(failing.broken[0]), asked=0)
        assert (red_controls(mended), refused_controls(mended)) == ([], [])
        assert mended.control.changed == ("apps/shop/exitgate-note-1.md",)
        assert git(lab.forge.folder / "forge.git", "log", "-1", "--format=%s", "main^2").startswith("Revert")


class Remembering(SmallRunner):
    """One whose tests pass unasked, as they did before, until it forgets that."""

    def execute(
        self,
        clone: Path,
        workflow: Workflow,
        steps: Sequence[Step],
        started: Started,
        arrangement: Arrangement | None = None,
    ) -> Ended:
        old, new = (".test.ts", ".held") if not self.forgotten else (".held", ".test.ts")
        for each in clone.rglob(f"exitgate-mutant{old}"):
            each.rename(each.with_name(f"exitgate-mutant{new}"))
        return super().execute(clone, workflow, steps, started, arrangement)


def test_what_no_step_notices_is_run_once_more_without_what_earlier_runs_left(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND, Remembering) as (lab, runner):
        sound = lab.sound(("apps/shop",))
        assert runner.forgotten == 0
        failing = lab.observed(sound, lab.broken(failing_unit_test(lab.source, "apps/shop")), asked=1)
    assert unblocked_failures(failing) == []
    assert runner.forgotten == 1


def test_a_change_may_add_the_project_that_it_breaks(tmp_path: Path) -> None:
    def add(clone: Path) -> None:
        (clone / "apps/new").mkdir()
        (clone / "apps/new/new.test.ts").write_text("throw new Error()\n")

    added = Mutant(aim="new", project="apps/new", what="a new project", noticed_by=("test",), apply=add)
    with lab_of(tmp_path, SOUND) as (lab, _):
        tried = lab.observed(lab.sound(("apps/shop",)), lab.broken(added), asked=1)
    assert unblocked_failures(tried) == []
    assert set(tried.broken[0].changed) == {"exitgate-note-1.md", "apps/new/new.test.ts"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("run: npm test", "run: npm test || true"),
        ('[[ "$RESULTS" =~ ^success(\\ success)*$ ]]', "true"),
        ("    if: always()\n", ""),
        ("run: npm test", "run: npm test\n        continue-on-error: true"),
    ],
)
def test_a_run_that_is_green_although_the_change_is_broken_is_found(old: str, new: str, tmp_path: Path) -> None:
    assert old in SOUND
    with lab_of(tmp_path, SOUND.replace(old, new)) as (lab, _):
        sound = lab.sound(("apps/shop",))
        failing = lab.observed(sound, lab.broken(failing_unit_test(lab.source, "apps/shop")), asked=1)
        (finding,) = merged_failures(failing)
        assert "a change was merged though it breaks something: apps/shop: a unit test that fails" in finding.message
        with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.2"):
            lab.mended(failing.broken[0])


def test_an_install_that_is_gone_on_from_fails_elsewhere(tmp_path: Path) -> None:
    text = SOUND.replace("run: npm ci", "run: npm ci || touch later.test.ts").replace(
        "npm test", "test ! -e later.test.ts; npm test"
    )
    with lab_of(tmp_path, text) as (lab, _):
        drift = lab.observed(lab.sound(("apps/shop",)), lab.broken(lock_drift(lab.source)), asked=1)
        (finding,) = unblocked_failures(drift)
        assert (finding.location, finding.got) == (f"{PATH}:9", f"a failure at {PATH}:9")


def test_a_target_that_refuses_to_be_mended_is_found(tmp_path: Path) -> None:
    text = SOUND.replace("run: npm ci", "run: npm ci && test $(git rev-list --count HEAD^1..HEAD^2) -le 2")
    with lab_of(tmp_path, text) as (lab, _):
        sound = lab.sound(("apps/shop",))
        failing = lab.observed(sound, lab.broken(failing_unit_test(lab.source, "apps/shop")), asked=1)
        assert merged_failures(failing) == []
        (finding,) = red_controls(lab.observed(lab.mended(failing.broken[0]), asked=0))
        assert "the same branch, mended does not pass the required check 'ci'" in finding.message


def test_an_act_that_says_nothing_is_an_error_in_its_own_words(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND, Mute) as (lab, _), pytest.raises(ObservationError, match="no space left"):
        lab.sound(("apps/shop",))


def test_a_target_without_unit_tests_has_none_to_fail(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no unit tests"):
        first_mutant(failing_unit_test, tmp_path, ("apps/shop",))
    with pytest.raises(PrerequisiteMissing, match="no project"):
        first_mutant(failing_unit_test, tmp_path, ())


def test_projects_whose_changes_reach_least_come_first(tmp_path: Path) -> None:
    files = {
        "libs/kit": '{"name": "@a/kit"}',
        "apps/shop": '{"name": "@a/shop", "dependencies": {"@a/kit": "1"}, "scripts": {"integration": "x"}}',
        "apps/page": '{"name": "@a/page", "devDependencies": {"@a/kit": "1"}}',
        "tools/all": '{"dependencies": {"@a/shop": "1"}}',
        "broken": "no json",
    }
    for folder, text in files.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "package.json").write_text(text)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    assert projects(tmp_path) == ("apps/page", "broken", "tools/all", "apps/shop", "libs/kit")


STEPS = """\
  more:
    runs-on: ubuntu-24.04
    steps:
      - name: Install again
        run: npm ci
      - name: Build
        run: |
          npx vite build
          npx tsc -b
"""


@pytest.mark.parametrize(
    ("old", "new", "let_in"),
    [
        ("", "", []),
        ("          npx tsc -b", "          npx tsc -b || true", ["`npx tsc -b` fails"]),
        ("npm test", "npm test &", ["`npm test` fails"]),
        (
            "needs: [verify, more]",
            "needs: [verify]",
            ["`npm ci` fails", "`npx vite build` fails", "`npx tsc -b` fails"],
        ),
    ],
)
def test_each_command_that_verifies_is_made_to_fail_in_each_of_its_steps(
    old: str, new: str, let_in: list[str], tmp_path: Path
) -> None:
    whole = SOUND.replace("needs: [verify]", "needs: [verify, more]").replace("  ci:\n", f"{STEPS}  ci:\n")
    text = whole.replace(old, new) if old else whole
    assert old in whole
    (tmp_path / "files").mkdir()
    commands = verification(tmp_path / "files", text).commands
    with lab_of(tmp_path, text) as (lab, runner):
        observed = lab.injected(commands)
    assert [trial.expected for trial in observed.broken] == [(f"{PATH}:{line}",) for line in (7, 9, 14, 16, 16)]
    assert len(runner.started) == observed.asked + 1 == 6
    # Nothing is left to be run, but where something stands beside a command.
    still = new not in ("          npx tsc -b || true", "npm test &")
    assert [each.idle for each in runner.around] == [still] * 6
    assert runner.fetched == (not still)
    assert [finding.message.partition(": ")[2] for finding in merged_failures(observed)] == let_in
    assert bool(unblocked_failures(observed)) is bool(let_in)


@pytest.mark.parametrize(
    ("beside", "still"),
    [
        ("steps: [{run: echo one more}], runs-on: ubuntu-24.04", True),
        ("steps: [{run: npm run integration}], runs-on: ubuntu-24.04", False),
        ("uses: ./.github/workflows/elsewhere.yml", False),
    ],
    ids=["still", "at-work", "called"],
)
def test_a_workflow_that_works_beside_one_in_which_nothing_is_left_to_run_has_its_servers(
    beside: str, still: bool, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    commands = verification(tmp_path / "files", SOUND).commands
    text = f"on: pull_request\njobs:\n  more: {{{beside}}}\n"
    with lab_of(tmp_path, SOUND, beside=text) as (lab, runner):
        assert len(lab.workflows.ci) == 2
        with suppress(ExitgateError):
            lab.injected(commands)
    assert runner.around
    assert {each.idle for each in runner.around} == {still}
