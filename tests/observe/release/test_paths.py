"""Which jobs move traffic, and whether the lock stands before each: sound forms, and every way past it."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.policy.release import ReleasePolicy
from tests.observe.release.deployments import DEPLOY, HEAD, LOCK, POLICY, deploys, job, judged, read, repository

ROLL = "run: aws ecs update-service --cluster c --service s"
ASK = f"run: {LOCK}"


def rules(found: list) -> list[str]:  # type: ignore[type-arg]
    return [each.rule.removeprefix("lock/") for each in found]


def test_a_lock_in_a_step_before_guards(tmp_path: Path) -> None:
    assert deploys(tmp_path, job("deploy", ASK, ROLL)) == []


def test_a_lock_in_a_job_that_is_waited_for_guards(tmp_path: Path) -> None:
    needs = "needs: between"
    between = job("between", "run: echo", head="needs: gate")
    assert deploys(tmp_path, job("gate", ASK), between, job("deploy", ROLL, head=needs)) == []


def test_wrapped_calls_of_the_lock_are_seen(tmp_path: Path) -> None:
    for number, wrap in enumerate(("pipx run --spec exitgate==1", "uvx", "timeout 60 python -m", "env A=b")):
        root = tmp_path / str(number)
        root.mkdir()
        assert deploys(root, job("deploy", f"run: {wrap} {LOCK}", ROLL)) == []


def test_a_lock_in_a_script_guards(tmp_path: Path) -> None:
    script = f"#!/usr/bin/env bash\nset -euo pipefail\n{LOCK}\n"
    assert deploys(tmp_path, job("deploy", "run: scripts/ask.sh", ROLL), **{"ask.sh": script}) == []


def test_a_script_that_loses_the_refusal_is_found(tmp_path: Path) -> None:
    found = deploys(
        tmp_path, job("deploy", "run: scripts/ask.sh", ROLL), **{"ask.sh": f"#!/bin/sh\n{LOCK}\necho asked\n"}
    )
    assert rules(found) == ["refusal-lost"]
    assert found[0].location == "scripts/ask.sh:2"


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ("unguarded", (ROLL,)),
        ("unguarded", (ROLL, ASK)),
        ("unguarded", (f"run: |\n  {LOCK}\n  aws ecs update-service --service s",)),
        ("unguarded", ("run: exitgate lock check --help", ROLL)),
        ("unguarded", ("run: echo exitgate lock", ROLL)),
        ("unguarded", ("uses: aws-actions/amazon-ecs-deploy-task-definition@v2",)),
        ("refusal-lost", (f"{ASK} || true", ROLL)),
        ("refusal-lost", (f"run: |\n  if {LOCK}; then echo open; fi", ROLL)),
        ("refusal-lost", (f"{ASK} &", ROLL)),
        ("refusal-tolerated", (f"continue-on-error: true\n{ASK}", ROLL)),
        ("skippable", (f"if: inputs.production\n{ASK}", ROLL)),
        ("skippable", (f"if: failure()\n{ASK}", ROLL)),
        ("runs-all-the-same", (ASK, f"if: always()\n{ROLL}")),
        ("runs-all-the-same", (ASK, f"if: '!cancelled()'\n{ROLL}")),
        ("runs-all-the-same", (ASK, f"if: failure()\n{ROLL}")),
        ("runs-all-the-same", (ASK, f"if: success() || cancelled()\n{ROLL}")),
        ("runs-all-the-same", (f"id: lock\n{ASK}", f"if: always() && steps.lock.outcome != 'success'\n{ROLL}")),
        ("other-gate", (ASK.replace("gate3", "gate2"), ROLL)),
        ("key-of-the-release", (ASK.replace('"$KEY"', "keys/gate.pub"), ROLL)),
        (
            "other-commit",
            ("uses: actions/checkout@v4\nwith:\n  ref: v1", ASK.replace("$(git rev-parse HEAD)", "$GITHUB_SHA"), ROLL),
        ),
    ],
)
def test_a_way_past_the_lock_is_found(tmp_path: Path, rule: str, steps: tuple[str, ...]) -> None:
    assert rules(deploys(tmp_path, job("deploy", *steps))) == [rule]


@pytest.mark.parametrize(
    "steps",
    [
        (f"if: success()\n{ASK}", ROLL),
        (f"id: lock\n{ASK}", f"if: always() && steps.lock.outcome == 'success'\n{ROLL}"),
        (ASK, f"if: inputs.service == 'orders'\n{ROLL}"),
        (f"if: always()\n{ASK}", ROLL),
        (f"continue-on-error: false\n{ASK}", ROLL),
        (ASK.replace("$(git rev-parse HEAD)", "$GITHUB_SHA"), ROLL),
        (ASK, ROLL, "if: always()\nrun: echo done"),
    ],
)
def test_harmless_forms_are_not_cried_about(tmp_path: Path, steps: tuple[str, ...]) -> None:
    assert deploys(tmp_path, job("deploy", *steps)) == []


@pytest.mark.parametrize(
    ("rule", "gate", "deploy"),
    [
        ("unguarded", "", ""),
        ("runs-all-the-same", "", "needs: gate\nif: always()"),
        ("runs-all-the-same", "", "needs: gate\nif: '!failure()'"),
        ("refusal-tolerated", "continue-on-error: true", "needs: gate"),
        ("skippable", "if: inputs.production", "needs: gate"),
    ],
)
def test_a_way_past_the_job_that_asks_is_found(tmp_path: Path, rule: str, gate: str, deploy: str) -> None:
    assert rule in rules(deploys(tmp_path, job("gate", ASK, head=gate), job("deploy", ROLL, head=deploy)))


def test_a_second_path_that_no_rule_knows_is_found_by_its_place(tmp_path: Path) -> None:
    found = deploys(
        tmp_path, job("deploy", ASK, ROLL), job("hotfix", "run: scripts/now.sh"), **{"now.sh": "terraform apply\n"}
    )
    assert rules(found) == ["undeclared-path", "unguarded"]
    assert {each.location for each in found} == {f"{DEPLOY}:11"}
    assert "scripts/now.sh:1" in found[1].got


def test_an_excused_job_is_left_alone_and_an_idle_excuse_is_found(tmp_path: Path) -> None:
    excuse = {"workflow": DEPLOY, "job": "hotfix", "reason": "a sandbox"}
    policy = ReleasePolicy.model_validate({**POLICY.model_dump(), "elsewhere": [excuse]})
    root = repository(tmp_path, {DEPLOY: HEAD + job("deploy", ASK, ROLL) + job("hotfix", ROLL)})
    assert judged(root, policy) == []
    (root / DEPLOY).write_text(HEAD + job("deploy", ASK, ROLL) + job("hotfix", "run: echo"), encoding="utf-8")
    assert rules(judged(root, policy)) == ["unused-excuse"]


def test_a_declared_path_that_is_not_there_or_idle_is_found(tmp_path: Path) -> None:
    assert rules(deploys(tmp_path, job("deploy", "run: echo hello"))) == ["path-not-found"]
    assert rules(judged(repository(tmp_path, {DEPLOY: HEAD + job("other", "run: echo")}))) == ["path-not-found"]


def test_without_a_rule_every_path_is_one_that_no_rule_knows(tmp_path: Path) -> None:
    root = repository(tmp_path, {DEPLOY: HEAD + job("deploy", ASK, ROLL)})
    assert rules(judged(root, None)) == ["undeclared-path"]


def test_a_step_that_the_rules_name_is_a_passage(tmp_path: Path) -> None:
    policy = ReleasePolicy.model_validate({"path": [{"workflow": DEPLOY, "job": "deploy", "steps": ["Ship"]}]})
    root = repository(tmp_path, {DEPLOY: HEAD + job("deploy", "name: Ship\nrun: ./ship", ASK)})
    assert rules(judged(root, policy)) == ["unguarded"]
    (root / DEPLOY).write_text(HEAD + job("deploy", ASK, "name: Ship\nrun: ./ship"), encoding="utf-8")
    assert judged(root, policy) == []


CALLED = "on: workflow_call\njobs:\n" + job("roll", ROLL)


def test_a_called_workflow_is_guarded_by_all_who_call_it(tmp_path: Path) -> None:
    path = ".github/workflows/roll.yml"
    policy = ReleasePolicy.model_validate({"path": [{"workflow": path, "job": "roll"}]})
    call = "  ship:\n    needs: gate\n    uses: ./.github/workflows/roll.yml\n"
    root = repository(tmp_path, {path: CALLED, DEPLOY: HEAD + job("gate", ASK) + call})
    assert judged(root, policy) == []
    (root / ".github/workflows/other.yml").write_text(HEAD + call.replace("    needs: gate\n", ""), encoding="utf-8")
    found = judged(root, policy)
    assert rules(found) == ["unguarded"]
    assert "called by ship of .github/workflows/other.yml" in found[0].message


def test_a_composite_action_may_ask(tmp_path: Path) -> None:
    action = f"name: a\nruns:\n  using: composite\n  steps:\n    - run: {LOCK}\n      shell: bash\n"
    root = repository(
        tmp_path,
        {".github/actions/ask/action.yml": action, DEPLOY: HEAD + job("deploy", "uses: ./.github/actions/ask", ROLL)},
    )
    assert judged(root) == []
    (root / ".github/actions/ask/action.yml").write_text(action.replace(LOCK, f"{LOCK} || true"), encoding="utf-8")
    assert rules(judged(root)) == ["refusal-lost"]


def test_scripts_of_package_json_are_followed(tmp_path: Path) -> None:
    package = '{"scripts": {"deploy": "cdk deploy"}}'
    root = repository(tmp_path, {"package.json": package, DEPLOY: HEAD + job("deploy", "run: npm run deploy")})
    assert rules(judged(root)) == ["unguarded"]


def test_a_script_that_can_t_be_parsed_is_not_assessed(tmp_path: Path) -> None:
    root = repository(tmp_path, {DEPLOY: HEAD + job("deploy", "run: if then fi ((")})
    with pytest.raises(PrerequisiteMissing, match=r"deploy\.yml:6: a shell script that can't be parsed"):
        read(root)


def test_a_target_without_workflows_has_no_paths(tmp_path: Path) -> None:
    root = repository(tmp_path, {"README.md": ""})
    assert read(root).jobs == ()
    assert rules(judged(root)) == ["path-not-found"]
