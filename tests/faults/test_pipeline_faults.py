"""Each fault of the pipeline, put into a copy of the reference, is found by its check, at its place, in its words, and by no other.

In this process: `exitgate prove` does the same by whole gate runs.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exitgate.checks import pipeline as checks
from exitgate.errors import PrerequisiteMissing
from exitgate.faults.fault import Fault, FaultSite
from exitgate.faults.pipeline import FAULTS
from exitgate.faults.pipeline.edits import edit
from exitgate.faults.pipeline.executed import FAULTS as EXECUTED
from exitgate.faults.pipeline.live import FAULTS as LIVE
from exitgate.faults.pipeline.runs import FAULTS as RUNS
from exitgate.finding import Finding
from exitgate.observe.workflow import bash_oracle, model_of, read_rulesets, read_workflows, refuse_unrunnable
from exitgate.observe.workflow.linters import read_actionlint, read_zizmor
from exitgate.observe.workflow.packages import read_packages
from exitgate.provision.scanner import find_actionlint, find_zizmor
from exitgate.target import Target, load_target

REFERENCE = Path(__file__).parents[2] / "reference"
LINTED = {"workflow-valid", "security-lint"}
ORACLE = bash_oracle()


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    for name in filter(None, git(REFERENCE, "ls-files", "-z", ".").split("\0")):
        if not name.startswith("releases/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REFERENCE / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it is")
    return folder


@pytest.fixture
def clone(copy: Path) -> Iterator[Path]:
    yield copy
    git(copy, "reset", "-q", "--hard")
    git(copy, "clean", "-qfd")


def found(target: Target, *, lint: bool) -> dict[tuple[str, str], list[Finding]]:
    """Return the findings of every check; of one that is not assessed, nothing."""
    place, policy = target.configuration.pipeline, target.policy.pipeline
    assert policy is not None
    files = read_workflows(target.directory, place.workflows)
    rulesets = read_rulesets(target.directory, place.rulesets)
    packages = read_packages(target.directory)
    model = model_of(files, rulesets, place.default_branch, ORACLE)
    paths = [each.path for each in files.ci]
    made: dict[tuple[str, str], Callable[[], list[Finding]]] = {
        ("3.1.A.1.1", "policy-declared"): lambda: checks.undeclared_branches(target),
        ("3.1.A.1.2", "policy-declared"): lambda: checks.undeclared_review_rules(target),
        ("3.1.A.1.3", "policy-declared"): lambda: checks.undeclared_required_checks(target),
        ("3.1.A.1.2", "bypass-limited"): lambda: checks.unlimited_bypasses(rulesets, policy),
        ("3.1.A.1.3", "ruleset-requires"): lambda: checks.foreign_requirements(rulesets, policy, place.default_branch),
    }
    if lint:
        made[("3.1.B.1.1", "workflow-valid")] = lambda: checks.invalid_workflows(
            files, read_actionlint(find_actionlint(), target.directory, paths), policy
        )
        made[("3.1.B.1.1", "security-lint")] = lambda: checks.standing_lint(
            read_zizmor(find_zizmor(), target.directory, sorted(files.all)), policy
        )
    try:
        refuse_unrunnable(files)
    except PrerequisiteMissing:
        pass
    else:
        made |= {
            ("3.1.A.1.1", "branches-trigger"): lambda: checks.misplaced_starts(model, policy),
            ("3.1.A.1.1", "checks-reported"): lambda: checks.unreported_checks(model, policy),
            ("3.1.A.1.2", "ruleset-conforms"): lambda: checks.lax_rulesets(model, policy),
            ("3.1.A.1.3", "one-producer"): lambda: checks.misproduced_checks(model, policy),
            ("3.1.A.1.3", "never-skipped"): lambda: checks.skippable_checks(model, policy),
            ("3.1.A.1.3", "failures-reach"): lambda: checks.unreached_checks(model, policy),
            ("3.1.B.1.1", "actions-pinned"): lambda: checks.unpinned_uses(files),
            ("3.1.B.1.1", "least-permissions"): lambda: checks.wide_permissions(files, policy),
            ("3.1.B.1.1", "forks-get-no-secrets"): lambda: checks.secrets_for_forks(model, policy),
            ("3.1.B.1.2", "matrix-covers"): lambda: checks.uncovered_versions(files, packages, policy),
            ("3.1.B.1.3", "frozen-install"): lambda: checks.loose_installs(files, packages, place),
            ("3.1.B.1.4", "history-present"): lambda: checks.blind_comparisons(files),
        }
    results: dict[tuple[str, str], list[Finding]] = {}
    for key, check in made.items():
        try:
            results[key] = check()
        except PrerequisiteMissing:
            results[key] = []
    return results


def test_the_reference_has_none(copy: Path) -> None:
    results = found(load_target(copy), lint=True)
    assert {key: findings for key, findings in results.items() if findings} == {}
    assert len(results) == 19


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault.check != "no-masking" and fault not in (*EXECUTED, *LIVE, *RUNS)],
    ids=lambda fault: fault.id,
)
def test_each_fault_is_found_where_it_was_made_and_by_no_other_control(clone: Path, fault: Fault) -> None:
    fault.inject(FaultSite(load_target(clone), None))
    git(clone, "add", "-A")
    results = found(load_target(clone), lint=fault.check in LINTED)
    own = results[fault.control, fault.check]
    assert [each for each in own if fault.location in each.location and fault.message in each.message], own
    red = {control for (control, _), findings in results.items() if findings}
    assert red - {fault.control} <= fault.also


@pytest.mark.parametrize("fault", [*EXECUTED, *RUNS], ids=lambda fault: fault.id)
def test_a_fault_that_a_run_shows_turns_no_other_control_of_the_model_red(clone: Path, fault: Fault) -> None:
    fault.inject(FaultSite(load_target(clone), None))
    git(clone, "add", "-A")
    red = {control for (control, _), findings in found(load_target(clone), lint=False).items() if findings}
    assert red - {fault.control} <= fault.also


def test_a_job_that_a_title_spares_is_none_where_the_required_job_refuses_what_was_skipped(clone: Path) -> None:
    by_title = "  verify:\n    if: \"!contains(github.event.pull_request.title, '[quick]')\"\n"
    edit(r"^  verify:\n", by_title)(FaultSite(load_target(clone), None))
    git(clone, "add", "-A")
    results = found(load_target(clone), lint=False)
    assert {key: findings for key, findings in results.items() if findings} == {}
