"""Workflows whose commands were replaced: which of them run no program any more."""

from __future__ import annotations

import pytest

from exitgate.observe.workflow_run.replacing import FAILS, SUCCEEDS, stand_still
from tests.workflows import parsed

TEXT = """\
on: pull_request
jobs:
  ci:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v6
      - run: |
          # Of the range.
          test 1 = 1 >>"$GITHUB_ENV"

          SCRIPT
"""


def still(script: str) -> bool:
    return stand_still(parsed(TEXT.replace("SCRIPT", script)).jobs["ci"].steps)


@pytest.mark.parametrize(
    "script",
    [FAILS, SUCCEEDS, 'echo "$RESULTS"', r'[[ "$RESULTS" =~ ^success(\ success)*$ ]]', "set -euo pipefail", "exit 0"],
)
def test_what_the_shell_answers_itself_stands_still(script: str) -> None:
    assert still(script)


@pytest.mark.parametrize(
    "script",
    [
        "psql -c 'CREATE DATABASE shop'",
        "npm ci",
        "testing 1 = 1",
        f"{SUCCEEDS} && createdb shop",
        f"{SUCCEEDS}; createdb shop",
        f"{SUCCEEDS} | tee log",
        'echo "$(createdb shop)"',
        "echo `createdb shop`",
        "echo up >/dev/tcp/127.0.0.1/5432",
        "echo up > >(tee log)",
        "if true; then createdb shop; fi",
        "exec createdb shop",
    ],
)
def test_whatever_may_run_a_program_does_not(script: str) -> None:
    assert not still(script)
