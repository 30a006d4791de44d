"""Rules on settings that open a process to others."""

from __future__ import annotations

from typing import Any

import pytest

from exitgate.checks.containers import unsafe_settings
from exitgate.finding import Finding
from exitgate.observe.image import image_facts
from tests.checks.containers.builders import dockerfile, task
from tests.observe.archives import archive, contents

DOCKERFILE = dockerfile((4, "ENV", "X=1"), (5, "ENTRYPOINT", '["/server"]'), (6, "CMD", "[]"))


def findings(in_task: dict[str, Any] | None = None, **config: Any) -> list[Finding]:
    seen = contents(archive(), **config)
    return unsafe_settings(seen, image_facts(seen), task(**(in_task or {})), DOCKERFILE, None)


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
