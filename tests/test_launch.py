"""What a gate run is worth where its pytest never came to write a record."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from exitgate import launch
from exitgate.cli import app
from exitgate.launch import EXIT_INTERNAL, EXIT_PASSED, Launch, run_gate
from exitgate.record import RECORD_FILE, write_record
from tests.cli.test_commands import RECORD


@pytest.mark.parametrize(("written", "code"), [("r", EXIT_INTERNAL), ("another", EXIT_PASSED)])
def test_the_record_of_an_earlier_run_is_worth_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, code: int
) -> None:
    passed = RECORD.model_copy(update={"verdict": "passed"})
    write_record(passed, tmp_path)
    assert (tmp_path / RECORD_FILE).is_file()

    def call(*_: object, **__: object) -> int:
        if written != "r":
            write_record(passed.model_copy(update={"run_id": written}), tmp_path)
        return 1

    monkeypatch.setattr(launch, "_call_pytest", call)
    assert run_gate(Launch(gate="gate3", target=None, report=tmp_path)) == code


def test_what_the_command_line_says_of_aws_reaches_the_run_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def call(_: Launch, arguments: list[str], root: Path) -> int:
        assert root.is_dir()
        seen.append([each for each in arguments if "aws" in each or "apply" in each])
        return 4

    monkeypatch.setattr(launch, "_call_pytest", call)
    words = ["run", "gate3", "--gate-report", str(tmp_path)]
    for more in (
        [],
        ["--aws-endpoint", "http://127.0.0.1:4566"],
        ["--aws-account", "345678901234", "--allow-apply"],
    ):
        assert CliRunner().invoke(app, [*words, *more]).exit_code == 2
    assert seen == [
        [],
        ["--gate-aws-endpoint=http://127.0.0.1:4566"],
        ["--gate-aws-account=345678901234", "--gate-allow-apply"],
    ]


def test_every_check_is_asked_for_alone_or_with_no_wait_shortened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def call(_: Launch, arguments: list[str], __: Path) -> int:
        seen.append([each for each in arguments if each in ("--gate-thorough", "--gate-every-check")])
        return 4

    monkeypatch.setattr(launch, "_call_pytest", call)
    for more in ([], ["--every-check"], ["--thorough"]):
        words = ["run", "gate3", "--gate-report", str(tmp_path), *more]
        assert CliRunner().invoke(app, words).exit_code == 2
    assert seen == [[], ["--gate-every-check"], ["--gate-thorough"]]
