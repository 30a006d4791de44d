"""Rules on settings that open a process to others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from exitgate.checks.containers import unsafe_settings
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.image import image_facts
from exitgate.target import Workload
from tests.checks.containers.builders import dockerfile, policy, task
from tests.observe.archives import archive, contents

DOCKERFILE = dockerfile((4, "ENV", "X=1"), (5, "ENTRYPOINT", '["/server"]'), (6, "CMD", "[]"))


WORKLOAD = Workload.model_construct(name="orders", stage=None)


def findings(
    in_task: dict[str, Any] | None = None, allowed: tuple[dict[str, str], ...] = (), **config: Any
) -> list[Finding]:
    seen = contents(archive(), **config)
    rules = policy(allow_environment=[{"workload": "orders", "reason": "traces requests", **each} for each in allowed])
    return unsafe_settings(seen, image_facts(seen), task(**(in_task or {})), DOCKERFILE, WORKLOAD, rules)


def test_ordinary_settings_have_no_finding() -> None:
    assert findings() == []
    assert (
        findings(
            {"environment": (("LOG_LEVEL", "info"), ("NODE_OPTIONS", "--max-old-space-size=256 --enable-source-maps"))},
            Env=["PATH=/usr/bin:/bin", "NODE_ENV=production", "NODE_TLS_REJECT_UNAUTHORIZED=1"],
            Entrypoint=["/nodejs/bin/node", "--enable-source-maps", "main.js"],
        )
        == []
    )


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("NODE_OPTIONS=--inspect", "opens a debugger"),
        ("NODE_OPTIONS=--max-old-space-size=1 --inspect-brk=0.0.0.0", "opens a debugger"),
        ("NODE_OPTIONS=--require ./agent.js", "loads code before"),
        ("NODE_OPTIONS=-r ./agent.js", "loads code before"),
        ("NODE_OPTIONS=--import=./agent.js", "loads code before"),
        ("NODE_TLS_REJECT_UNAUTHORIZED=0", "switches the check of certificates off"),
        ("NODE_ENV=development", "as its developers do"),
        ("LD_PRELOAD=/tmp/x.so", "loads a library"),
        ("LD_LIBRARY_PATH=/app", "take the place of the system's"),
        ("JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket", "opens a debugger"),
        ("PATH=/usr/bin:.", "finds programs"),
        ("PATH=:/usr/bin", "finds programs"),
        ("PATH=/tmp/bin:/usr/bin", "finds programs"),
    ],
)
def test_a_dangerous_variable_is_a_finding_in_image_and_task_definition(variable: str, words: str) -> None:
    (in_image,) = findings(Env=[variable])
    assert (in_image.location, in_image.got) == ("apps/orders/Dockerfile:4", variable)
    assert words in in_image.message
    name, _, value = variable.partition("=")
    (in_task,) = findings({"environment": ((name, value),)})
    assert in_task.location.startswith("task.json:")
    assert words in in_task.message


@pytest.mark.parametrize(
    "word", ["--inspect", "--inspect_brk", "--inspect=0.0.0.0:9229", "--inspect-brk", "--inspect-wait=1"]
)
def test_a_debugger_among_the_arguments_is_a_finding_wherever_they_stand(word: str) -> None:
    assert [each.location for each in findings(Entrypoint=["node", word, "main.js"])] == ["apps/orders/Dockerfile:5"]
    assert [each.location for each in findings(Cmd=["sh", "-c", f"node {word} main.js"])] == [
        "apps/orders/Dockerfile:6"
    ]
    assert [each.got for each in findings({"command": ("node", word)})] == [word]
    assert [each.got for each in findings({"entrypoint": ("node", word)})] == [word]
    assert findings(Cmd=["node", "main.js", f"--no{word}"]) == []


TRACING = "--require @opentelemetry/auto-instrumentations-node/register"


@pytest.mark.parametrize(
    ("name", "pattern", "value"),
    [
        ("NODE_OPTIONS", TRACING, TRACING),
        ("NODE_OPTIONS", "--require /opt/*/register.js", "--require /opt/agent-1.2/register.js"),
        ("LD_PRELOAD", "/usr/lib/*/libjemalloc.so.2", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"),
    ],
)
def test_code_that_the_policy_lets_a_variable_load_is_no_finding(name: str, pattern: str, value: str) -> None:
    rule = {"name": name, "value": pattern}
    assert findings(allowed=(rule,), Env=[f"{name}={value}"]) == []
    assert findings({"environment": ((name, value),)}, allowed=(rule,)) == []
    assert len(findings(allowed=({**rule, "workload": "catalog"},), Env=[f"{name}={value}"])) == 1
    assert len(findings(allowed=(rule,), Env=[f"{name}={value} --require /tmp/x.js"])) == 1
    assert len(findings(allowed=(rule,), Env=[f"{name}={value}:/tmp/x.so"])) == 1


def test_a_debugger_beside_what_the_policy_allows_is_a_finding_all_the_same() -> None:
    value = f"{TRACING} --inspect"
    (finding,) = findings(allowed=({"name": "NODE_OPTIONS", "value": value},), Env=[f"NODE_OPTIONS={value}"])
    assert "opens a debugger" in finding.message


@pytest.mark.parametrize(
    "rule",
    [
        {"name": "NODE_TLS_REJECT_UNAUTHORIZED", "value": "000"},
        {"name": "LD_PRELOAD", "value": "*"},
        {"name": "LD_PRELOAD"},
    ],
)
def test_an_exception_for_anything_at_all_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        findings(allowed=(rule,))


@pytest.mark.parametrize(
    ("unseen", "words"),
    [
        ({"environment_files": ("arn:aws:s3:::b/e.env",)}, "variables from arn:aws:s3:::b/e.env"),
        ({"secret_variables": ("DATABASE_URL", "NODE_OPTIONS")}, "NODE_OPTIONS from a secret"),
    ],
)
def test_what_nobody_sees_here_is_not_assessed(unseen: dict[str, tuple[str, ...]], words: str) -> None:
    seen = contents(archive())
    with pytest.raises(PrerequisiteMissing, match=words):
        unsafe_settings(seen, image_facts(seen), replace(task(), **unseen), DOCKERFILE, WORKLOAD, policy())


def test_secrets_of_harmless_names_are_as_they_should_be() -> None:
    seen, own = contents(archive()), replace(task(), secret_variables=("DATABASE_URL",))
    assert unsafe_settings(seen, image_facts(seen), own, DOCKERFILE, WORKLOAD, policy()) == []
