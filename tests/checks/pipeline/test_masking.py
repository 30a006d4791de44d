"""Ways to hide a failure, each in a small repository; and the harmless look-alikes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.checks.pipeline import masked_failures, undecided
from exitgate.errors import ObservationError, PrerequisiteMissing
from tests.observe.verification.repository import PATH, verification, workflow


def rules(folder: Path, text: str, files: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(each.location, each.rule) for each in masked_failures(verification(folder, text, files))]


def package(**scripts: str) -> dict[str, str]:
    return {"package.json": json.dumps({"scripts": scripts}, indent=1)}


@pytest.mark.parametrize(
    "run",
    [
        "npm ci\nnpm test",
        "npm test\nrm -rf tmp || true\ngrep -q x log || echo none",
        "docker rm -f db || true\nnpm test",
        "npm audit || true\nnpm test",
        "npm install -g tool || true\nnpm test",
        "curl --fail https://example.invalid | sh || true\nnpm test",
        "npm test; exit 0",
    ],
)
def test_harmless_forms_are_no_findings(run: str, tmp_path: Path) -> None:
    assert rules(tmp_path, workflow(run), package(test="jest")) == []


@pytest.mark.parametrize(
    ("run", "rule"),
    [
        ("npm ci || true", "masking/or-list"),
        ("npx jest | tee log", "masking/pipeline"),
        ("npx --no-install tsc -b || echo types", "masking/or-list"),
        ("pnpm -r run lint || true", "masking/or-list"),
        ("yarn workspace shop test & wait", "masking/background"),
        ("npx prisma migrate deploy || true", "masking/or-list"),
        ("npx turbo run build || true", "masking/or-list"),
        ("npx jest --passWithNoTests", "masking/pass-with-no-tests"),
        ("npm run lint --if-present", "masking/if-present"),
        ("npx nx run-many -t test --exclude=shop", "masking/excluded-projects"),
        ("npx nx affected --base=HEAD -t test", "masking/base-is-head"),
        ("make -i verify", "masking/make-ignores"),
        ("find apps -name package.json -execdir npm test \\;", "masking/find-exec"),
    ],
)
def test_a_masked_command_is_found_by_the_rule_s_name(run: str, rule: str, tmp_path: Path) -> None:
    files = package(test="jest", lint="eslint .") | {"Makefile": "verify:\n\tnpx jest\n"}
    found = rules(tmp_path, workflow(run), files)
    assert [name for _, name in found] == [rule]
    assert found[0][0].startswith(f"{PATH}:")


def test_scripts_of_packages_are_followed_with_their_hooks_and_only_those_that_ci_runs(tmp_path: Path) -> None:
    files = package(pretest="tsc || true", test="npm run unit", unit="jest; echo done", watch="jest || true")
    assert rules(tmp_path, workflow("npm test"), files) == [
        ("package.json:3", "masking/or-list"),
        ("package.json:5", "masking/errexit-off"),
    ]


def test_targets_of_nx_are_followed_into_every_project(tmp_path: Path) -> None:
    project = {
        "targets": {"test": {"options": {"command": "jest || true"}}, "e2e": {"options": {"passWithNoTests": True}}}
    }
    files = {"apps/a/project.json": json.dumps(project, indent=1)}
    assert rules(tmp_path, workflow("npx nx affected -t test"), files) == [("apps/a/project.json:3", "masking/or-list")]


def test_makefiles_are_followed(tmp_path: Path) -> None:
    files = {"Makefile": "verify:\n\t@echo go\n\t-npx jest\n\tnpx tsc; true\nclean:\n\t-rm -rf x\n"}
    found = rules(tmp_path, workflow("make verify"), files)
    assert found == [("Makefile:3", "masking/make-ignores"), ("Makefile:4", "masking/errexit-off")]


def test_scripts_of_the_repository_start_without_errexit(tmp_path: Path) -> None:
    files = {"ci/verify.sh": "#!/usr/bin/env bash\nnpx tsc\nnpx jest\n"}
    assert rules(tmp_path, workflow("ci/verify.sh"), files) == [("ci/verify.sh:2", "masking/errexit-off")]


@pytest.mark.parametrize("value", ["true", "${{ matrix.experimental }}"])
def test_continue_on_error_at_a_step_or_a_job(value: str, tmp_path: Path) -> None:
    keys = f"        continue-on-error: {value}\n"
    job = f"    continue-on-error: {value}\n"
    assert len(rules(tmp_path, workflow("npx jest", keys=keys, job=job))) == 2


def test_continue_on_error_where_nothing_is_verified_is_harmless(tmp_path: Path) -> None:
    text = workflow("npx jest", more="      - run: echo hello\n        continue-on-error: true\n")
    assert rules(tmp_path, text) == []


def test_a_job_that_no_required_check_waits_for(tmp_path: Path) -> None:
    more = "  other:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npx eslint .\n"
    assert rules(tmp_path, workflow("npx jest", more=more)) == [(f"{PATH}:7", "masking/job-not-needed")]


def test_powershell_ends_with_what_ran_last(tmp_path: Path) -> None:
    text = workflow("npx tsc\nnpx jest", keys="        shell: pwsh\n")
    assert [rule for _, rule in rules(tmp_path, text)] == ["masking/errexit-off"]


def test_a_shell_that_nobody_knows_is_undecided(tmp_path: Path) -> None:
    seen = verification(tmp_path, workflow("npx jest", keys="        shell: nu {0}\n"))
    assert undecided(seen) == (f"{PATH}:6",)


def test_tests_switched_off_are_found_and_words_in_strings_are_not(tmp_path: Path) -> None:
    source = 'it("a test.only(x)", () => {});\n// it.skip("x", () => {})\nit.todo("later");\nxit("b", () => {});\n'
    more = 'describe.only("c", () => {});\ntest("d", { skip: true }, () => {});\ntest("e", { skip: onWindows }, () => {});\n'
    found = rules(tmp_path, workflow("npx jest"), {"src/a.test.ts": source + more})
    assert found == [
        ("src/a.test.ts:4", "masking/test-skip"),
        ("src/a.test.ts:5", "masking/test-only"),
        ("src/a.test.ts:6", "masking/test-skip"),
    ]


def test_settings_of_runners(tmp_path: Path) -> None:
    files = {
        "vitest.config.ts": "export default {\n  // passWithNoTests: true\n  test: {\n    passWithNoTests: true,\n  },\n};\n"
    }
    assert rules(tmp_path, workflow("npx vitest run"), files) == [("vitest.config.ts:4", "masking/runner-setting")]


def test_a_script_that_can_t_be_parsed_is_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"ci\.yml:6: a shell script that can't be parsed"):
        verification(tmp_path, workflow("if npx jest"))


def test_a_workflow_that_verifies_nothing_is_an_error_and_no_pass(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="no command that tests"):
        verification(tmp_path, workflow("echo hello"))
