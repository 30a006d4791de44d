"""Verification that is left out: conditions that never hold, targets that nobody runs, cut dependencies; scripts elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.checks.pipeline import masked_failures
from tests.observe.verification.repository import PATH, verification, workflow


def rules(folder: Path, text: str, files: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(each.location, each.rule) for each in masked_failures(verification(folder, text, files))]


def guarded(condition: str, run: str = "npx jest", on: str = "[push, pull_request]") -> str:
    return workflow("npm ci", run, keys=f"        if: {condition}\n").replace("on: pull_request", f"on: {on}")


@pytest.mark.parametrize(
    ("condition", "on"),
    [
        ("false", "[push, pull_request]"),
        ("${{ false }}", "[push, pull_request]"),
        ("github.event_name == 'push'", "[push, pull_request]"),
        ("github.event_name == 'schedule' && always()", "[pull_request, schedule]"),
        ("github.ref == 'refs/heads/main' && github.event_name != 'pull_request'", "[push, pull_request]"),
    ],
)
def test_a_condition_that_no_change_meets_is_found(condition: str, on: str, tmp_path: Path) -> None:
    text = workflow("npx jest", keys=f"        if: {condition}\n").replace("on: pull_request", f"on: {on}")
    assert rules(tmp_path, text) == [(f"{PATH}:7", "masking/never-runs")]


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "always()",
        "failure()",
        "cancelled()",
        "success() || failure()",
        "github.event_name == 'pull_request'",
        "github.event_name != 'push'",
        "matrix.node == 22",
        "env.SKIP != 'true'",
        "steps.changes.outputs.any == 'true'",
        "hashFiles('**/x') != ''",
    ],
)
def test_a_condition_that_a_change_may_meet_is_none(condition: str, tmp_path: Path) -> None:
    assert rules(tmp_path, guarded(condition)) == []


@pytest.mark.parametrize(
    ("condition", "by"),
    [
        ("github.actor != 'dependabot[bot]'", "github.actor"),
        ("!contains(github.event.pull_request.title, '[wip]')", "github.event.pull_request.title"),
        ("!startsWith(github.head_ref, 'docs/')", "github.head_ref"),
        ("!contains(github.event.pull_request.labels.*.name, 'quick')", "github.event.pull_request.labels.*.name"),
        ("github.event.pull_request.user.login != 'bot'", "github.event.pull_request.user.login"),
        ("github.event_name == 'push' || github.actor == 'owner'", "github.actor"),
        ("!github.event.pull_request.draft", "github.event.pull_request.draft"),
        ("!github.event.pull_request.head.repo.fork", "github.event.pull_request.head.repo.fork"),
        (
            "contains(fromJSON('[1]'), github.event.pull_request.author_association)",
            "github.event.pull_request.author_association",
        ),
        ("github.event.pull_request.milestone == null", "github.event.pull_request.milestone"),
        ("!contains(toJSON(github.event.pull_request), 'quick')", "github.event.pull_request"),
    ],
)
def test_a_condition_that_the_author_of_a_change_decides_is_found(condition: str, by: str, tmp_path: Path) -> None:
    text = workflow("npx jest", keys=f'        if: "{condition}"\n')
    (finding,) = masked_failures(verification(tmp_path, text))
    assert (finding.location, finding.rule) == (f"{PATH}:7", "masking/author-decides")
    assert finding.got.endswith(f"which hangs on {by}")


@pytest.mark.parametrize(
    ("condition", "on"),
    [
        ("github.event_name == 'pull_request' || github.actor == 'owner'", "pull_request"),
        ("!github.event.pull_request.draft", "{pull_request: {types: [opened, synchronize, ready_for_review]}}"),
    ],
)
def test_a_condition_that_leaves_the_author_no_way_is_none(condition: str, on: str, tmp_path: Path) -> None:
    text = workflow("npx jest", keys=f'        if: "{condition}"\n').replace("on: pull_request", f"on: {on}")
    assert rules(tmp_path, text) == []


def test_a_job_that_never_runs_is_found_once(tmp_path: Path) -> None:
    text = workflow("npm ci", "npx jest", job="    if: false\n")
    assert rules(tmp_path, text) == [(f"{PATH}:4", "masking/never-runs")]


@pytest.mark.parametrize("release", ["npm run build", "npx jest"])
def test_a_release_that_builds_or_tests_once_more_is_no_mask(release: str, tmp_path: Path) -> None:
    more = f"      - run: {release}\n        if: github.event_name == 'push'\n"
    text = workflow("npm ci", "npx jest", more=more).replace("on: pull_request", "on: [push, pull_request]")
    assert rules(tmp_path, text, {"package.json": json.dumps({"scripts": {"build": "tsc"}})}) == []


def package(path: str, *scripts: str, **more: object) -> dict[str, str]:
    return {f"{path}/package.json": json.dumps({"scripts": dict.fromkeys(scripts, "jest"), **more}, indent=1)}


def test_a_target_that_projects_have_and_nobody_runs_is_found(tmp_path: Path) -> None:
    files = package("apps/a", "lint", "test") | package("apps/b", "test", "e2e") | {"package.json": '{"scripts": {}}'}
    assert rules(tmp_path, workflow("npx nx affected -t lint"), files) == [
        ("apps/a/package.json:4", "masking/target-dropped")
    ]


@pytest.mark.parametrize(
    ("run", "files"),
    [
        ("npx nx affected -t lint test", {}),
        ("npx nx affected -t lint\nnpx nx run-many -t test", {}),
        ("npx nx affected -t lint verify", {"nx.json": '{"targetDefaults": {"verify": {"dependsOn": ["^test"]}}}'}),
        ("npx turbo run lint verify", {"turbo.json": '{"tasks": {"verify": {"dependsOn": ["test"]}}}'}),
        ("npm run lint -w a", {}),
    ],
)
def test_a_target_that_is_run_somehow_is_not_dropped(run: str, files: dict[str, str], tmp_path: Path) -> None:
    assert rules(tmp_path, workflow(run), package("apps/a", "lint", "test", "e2e") | files) == []


def test_a_cut_dependency_is_found_in_both_places(tmp_path: Path) -> None:
    files = package("apps/a", "test", nx={"implicitDependencies": ["b", "!contracts"]})
    files |= {"apps/b/project.json": '{\n "implicitDependencies": ["!contracts"]\n}', "apps/c/project.json": "[]"}
    assert rules(tmp_path, workflow("npx nx affected -t test"), files) == [
        ("apps/a/package.json:6", "masking/dependency-cut"),
        ("apps/b/project.json:2", "masking/dependency-cut"),
    ]


def retry(*lines: str, more: str = "", action: str = "nick-fields/retry@v3") -> str:
    body = "".join(f"            {line}\n" for line in lines)
    step = f"      - uses: {action}\n        with:\n{more}          command: |\n{body}"
    return workflow("npm ci", more=step)


def test_a_script_that_an_action_tries_again_is_followed(tmp_path: Path) -> None:
    assert rules(tmp_path, retry("npx jest || true")) == [(f"{PATH}:10", "masking/or-list")]
    assert rules(tmp_path, retry("npx eslint .", "npx jest")) == [(f"{PATH}:10", "masking/errexit-off")]
    assert rules(tmp_path, retry("npx jest | tee log", action="Wandalen/wretry.action@v3")) == [
        (f"{PATH}:10", "masking/pipeline")
    ]


def test_an_action_that_tries_again_and_goes_on_is_tolerant(tmp_path: Path) -> None:
    text = retry("npx jest", more="          continue_on_error: true\n")
    assert rules(tmp_path, text) == [(f"{PATH}:9", "masking/continue-on-error")]


@pytest.mark.parametrize(
    "text",
    [
        retry("npx jest"),
        retry("npx eslint . && npx jest"),
        retry("npx jest", more="          continue_on_error: false\n"),
        retry("npx jest || true", action="somebody/else@v1"),
    ],
)
def test_a_plain_retry_is_none(text: str, tmp_path: Path) -> None:
    assert rules(tmp_path, text) == []


def python(*lines: str) -> str:
    body = "".join(f"          {line}\n" for line in lines)
    return workflow("npm ci", more=f"      - shell: python\n        run: |\n{body}")


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (("import subprocess", 'subprocess.run(["npx", "jest"])'), "unchecked-call"),
        (("import subprocess", 'subprocess.call("npx jest", shell=True)'), "unchecked-call"),
        (("import os", 'os.system("npm test")'), "unchecked-call"),
        (("from subprocess import run", 'run(["npx", "jest"], check=False)'), "unchecked-call"),
        (
            ("import subprocess", "try:", '  subprocess.check_call(["npx", "jest"])', "except Exception:", "  pass"),
            "except",
        ),
    ],
)
def test_a_call_that_python_does_not_check_is_found(lines: tuple[str, ...], rule: str, tmp_path: Path) -> None:
    (found,) = rules(tmp_path, python(*lines), {"package.json": '{"scripts": {"test": "jest"}}'})
    assert found[1] == f"masking/{rule}"


@pytest.mark.parametrize(
    "lines",
    [
        ("import subprocess", 'subprocess.run(["npx", "jest"], check=True)'),
        ("import subprocess", 'subprocess.check_output(["npx", "jest"])'),
        ("import subprocess, sys", 'sys.exit(subprocess.call(["npx", "jest"]))'),
        ("import subprocess", 'subprocess.run(["npx", "jest"]).check_returncode()'),
        ("import subprocess", 'subprocess.run(["rm", "-rf", "x"])'),
        (
            "import subprocess, sys",
            "try:",
            '  subprocess.check_call(["npx", "jest"])',
            "except subprocess.CalledProcessError:",
            "  sys.exit(1)",
        ),
        ("print('npx jest')",),
        ("this is no python (",),
    ],
)
def test_a_call_that_is_checked_is_none(lines: tuple[str, ...], tmp_path: Path) -> None:
    assert rules(tmp_path, python(*lines)) == []
