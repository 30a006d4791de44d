"""Tasks of Nx, read from what it writes into a step."""

from __future__ import annotations

import pytest

from exitgate.observe.workflow_run import ran, tasks_of
from tests.checks.pipeline.trials import trial

OUTPUT = """\
 NX   Running target test for 3 projects and 1 task they depend on:

- @a/kit
- @a/shop

\x1b[32m✔\x1b[39m  nx run @a/kit:build  [local cache]
✔  nx run @a/kit:test
> nx run @a/page:test:ci

 NX   Running target test for 3 projects and 1 task they depend on failed

Failed tasks:

- @a/shop:test
- @a/page:test

Output of 2 successful tasks were not shown.
"""


@pytest.mark.parametrize("output", [OUTPUT, OUTPUT.replace("Failed tasks:\n\n", "Failed tasks:\n")])
def test_tasks_that_passed_and_tasks_that_failed_are_told(output: str) -> None:
    found = tasks_of(trial("library", merged=False, output=output))
    assert [(each.project, each.target, each.failed) for each in found] == [
        ("@a/kit", "build", False),
        ("@a/kit", "test", False),
        ("@a/page", "test", True),
        ("@a/shop", "test", True),
    ]
    assert ("@a/shop", "test") in ran(found)
    assert {(each.job, each.step) for each in found} == {("ci", "Unit tests")}


def test_other_words_are_no_tasks() -> None:
    assert tasks_of(trial("library", merged=True, output="- @a/kit\nnx run-many -t test\n")) == ()
