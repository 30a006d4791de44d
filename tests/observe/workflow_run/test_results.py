"""What GitHub would report of a run: per leg, by steps, with every job accounted for."""

from __future__ import annotations

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.events import Event
from exitgate.github.workflow import Workflow
from exitgate.observe.workflow import parse_workflow
from exitgate.observe.workflow_run import ReportedRun, parse_log, reported
from tests.observe.workflow_run.logs import end, line, log, step

EVENT = Event(name="pull_request", branch="main", action="opened", fork=False)
TEXT = """\
on: pull_request
jobs:
  verify:
    runs-on: ubuntu-24.04
    strategy: {matrix: {node: ["20", "22"]}}
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
      - run: "true"
"""
TWENTY, NEWER = {"node": "20"}, {"node": "22"}
ALWAYS = (step("ci", "0", "true", "success"), end("ci", "success"))


def workflow(text: str = TEXT) -> Workflow:
    return parse_workflow(text, ".github/workflows/ci.yml")


def leg(matrix: dict[str, str], *, tests: str = "success", said: str = "") -> tuple[str, ...]:
    return (
        step("verify", "0", "Install", "success", matrix),
        step("verify", "1", "Unit tests", tests, matrix),
        end("verify", said or tests, matrix),
    )


def run(*lines: str, text: str = TEXT) -> ReportedRun:
    return reported(parse_log(log(*lines)), workflow(text), EVENT)


def conclusions(found: ReportedRun) -> dict[str, str]:
    return {check.name: check.conclusion for check in found.checks}


def test_a_green_run() -> None:
    found = run(*leg(TWENTY), *leg(NEWER), *ALWAYS)
    assert conclusions(found) == {"verify (20)": "success", "verify (22)": "success", "ci": "success"}
    assert found.failing == ()


def test_a_failing_leg_does_not_mark_the_one_that_ends_after_it() -> None:
    found = run(*leg(TWENTY, tests="failure"), *leg(NEWER, said="failure"), *ALWAYS)
    assert conclusions(found) == {"verify (20)": "failure", "verify (22)": "success", "ci": "success"}
    assert found.failing == (".github/workflows/ci.yml:9",)
    assert found.jobs["verify"].ending.result == "failure"


def test_the_required_check_s_own_result_counts_and_not_act_s_exit_code() -> None:
    found = run(*leg(TWENTY, tests="failure"), *leg(NEWER), *ALWAYS, "Error: Job 'verify' failed")
    assert conclusions(found)["ci"] == "success"


def test_a_job_that_needs_a_failed_one_is_skipped_which_counts_as_a_success() -> None:
    text = TEXT.replace("    if: always()\n", "")
    found = run(*leg(TWENTY, tests="failure"), *leg(NEWER), text=text)
    assert conclusions(found)["ci"] == "skipped"
    with pytest.raises(ObservationError, match="a run of it by act"):
        run(*leg(TWENTY, tests="failure"), *leg(NEWER), *ALWAYS, text=text)


def test_a_job_that_fails_before_its_first_step_failed() -> None:
    failed = line("ci", "x", step="Set up job", stepid=["--setup-job"], stepResult="failure")
    found = run(*leg(TWENTY), *leg(NEWER), failed, end("ci", "failure"))
    assert conclusions(found)["ci"] == "failure"
    assert found.failing == (".github/workflows/ci.yml:11",)


@pytest.mark.parametrize(
    ("lines", "got"),
    [
        ((*leg(TWENTY), *leg(NEWER)), "0 of 1 legs"),
        ((*leg(TWENTY), *ALWAYS), "1 of 2 legs"),
        ((*leg(TWENTY), *leg({"node": "24"}), *ALWAYS), "legs of node=20; node=24"),
        ((*leg(TWENTY), *leg(NEWER)[:1], *ALWAYS), "no end was heard"),
        ((*leg(TWENTY), *leg(NEWER), *ALWAYS, end("other", "success")), "results of other"),
        ((*leg(TWENTY), *leg(NEWER)[:1], end("verify", "failure", NEWER), *ALWAYS), "no end was heard"),
    ],
)
def test_what_was_not_heard_of_is_no_result(lines: tuple[str, ...], got: str) -> None:
    with pytest.raises(ObservationError, match=got):
        run(*lines)


def test_a_label_without_a_runner_is_not_assessed() -> None:
    skipped = line("ci", "🚧  Skipping unsupported platform")
    with pytest.raises(PrerequisiteMissing, match="no runner"):
        run(*leg(TWENTY), *leg(NEWER), skipped)


def test_act_knows_no_continue_on_error_of_jobs() -> None:
    text = TEXT.replace("    strategy:", "    continue-on-error: true\n    strategy:")
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.2"):
        run(*leg(TWENTY, tests="failure"), *leg(NEWER), *ALWAYS, text=text)
    assert conclusions(run(*leg(TWENTY), *leg(NEWER), *ALWAYS, text=text))["ci"] == "success"


def test_a_condition_that_only_github_decides_is_not_assessed() -> None:
    text = TEXT.replace("if: always()", "if: github.actor == 'ada'")
    with pytest.raises(PrerequisiteMissing, match=r"github\.actor"):
        run(*leg(TWENTY), *leg(NEWER), text=text)
