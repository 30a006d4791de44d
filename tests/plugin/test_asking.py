"""What a command line asks of a run: parts of the gate alone, and what can't be used, which is one line."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import NOT_PASSED, Tiny, WaysToRun


@WaysToRun
@pytest.mark.parametrize(
    "arguments", [("-k", "rule"), ("-m", "nothing"), ("--gate-control", "1.1.A.1"), ("--gate-criterion", "first")]
)
def test_what_is_deselected_is_not_assessed(tiny: Tiny, workers: str, arguments: tuple[str, str]) -> None:
    done = tiny.run("-n", workers, *arguments)
    assert (done.returncode, tiny.record()["verdict"]) == (NOT_PASSED, "not_assessed")
    assert tiny.statuses()["1.2.B.1 each b"] == "not_assessed"


@WaysToRun
@pytest.mark.parametrize("arguments", [("--gate-control", "1.1.A.1"), ("--gate-criterion", "first")])
def test_a_module_that_nobody_asked_for_is_not_imported(tiny: Tiny, workers: str, arguments: tuple[str, str]) -> None:
    tiny.write("gates/tiny/test_second.py", "raise RuntimeError('imported')\n")
    tiny.run("-n", workers, *arguments)
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == "met"
    told = tiny.record()["controls"][1]["checks"][0]
    assert (told["status"], told["message"]) == ("not_assessed", "deselected on the command line")


REQUIREMENT = """
[[requirement]]
id = "own"
criterion = "gate"
title = "Of the gate itself"
rationale = "It matters."
remediation = "Do it."
[[requirement.check]]
id = "rule"
subject = "target"
needs = "declared"
says = "There is a rule."
"""
OWN = """
@pytest.mark.check("own", "rule")
def test_own(target):
    assert target.name == "tiny-target"
"""


@pytest.mark.parametrize("arguments", [("--gate-control", "own"), ("--gate-criterion", "gate")])
def test_what_the_gate_asks_of_itself_is_tried_in_whatever_module_it_stands(
    tiny: Tiny, arguments: tuple[str, str]
) -> None:
    tiny.write("gates/tiny/gate.toml", (tiny.path / "gates/tiny/gate.toml").read_text() + REQUIREMENT)
    tiny.write("gates/tiny/test_second.py", (tiny.path / "gates/tiny/test_second.py").read_text() + OWN)
    tiny.run("-n", "0", *arguments)
    assert tiny.record()["requirements"][0]["status"] == "met"


@WaysToRun
def test_one_subject_is_not_the_gate(tiny: Tiny, workers: str) -> None:
    done = tiny.run("-n", workers, "--gate-subject", "a")
    assert (done.returncode, tiny.record()["verdict"]) == (NOT_PASSED, "not_assessed")
    assert tiny.statuses() == {
        "1.1.A.1 rule tiny-target": "met",
        "1.2.B.1 each a": "met",
        "1.2.B.1 each b": "not_assessed",
    }
    assert [control["status"] for control in tiny.record()["controls"]] == ["met", "not_assessed"]


def test_a_subject_that_is_not_there_is_one_line(tiny: Tiny) -> None:
    done = tiny.run("-n", "0", "--gate-subject", "c")
    assert done.returncode == 4
    assert "subject 'c'" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_stack_that_is_not_there_is_one_line(tiny: Tiny) -> None:
    done = tiny.run("-n", "0", "--gate-stack", "staging")
    assert done.returncode == 4
    assert "stack 'staging': no such stack" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_folder_without_a_vulnerability_database_is_one_line_before_anything_runs(tiny: Tiny) -> None:
    done = tiny.run("-n", "0", "--gate-trivy-db", "gates")
    assert done.returncode == 4
    assert "no vulnerability database of Trivy's; expected a folder with trivy.db" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://maker:hunter2hunter@127.0.0.1:1/theirs", "Connection refused"),
        ("maker:hunter2hunter@127.0.0.1", "an address that can't be read"),
    ],
)
def test_a_server_that_can_not_be_used_is_one_line_before_anything_runs(tiny: Tiny, url: str, words: str) -> None:
    done = tiny.run("-n", "0", "--gate-database-url", url)
    said = done.stderr + done.stdout
    assert done.returncode == 4
    assert "--database-url: " in said
    assert words in said
    assert "hunter2" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--gate-aws-endpoint", "http://127.0.0.1:1"), "--aws-endpoint: no answer of AWS's API"),
        (("--gate-aws-endpoint", "http://8.8.8.8"), "--aws-endpoint: 8.8.8.8 is 8.8.8.8, which is neither loopback"),
        (("--gate-aws-account", "345678901234"), "--aws-account: no leave to apply to 345678901234"),
        (("--gate-allow-apply",), "--allow-apply: no account to apply to"),
    ],
)
def test_where_nothing_may_be_applied_is_one_line_before_anything_runs(
    tiny: Tiny, words: tuple[str, ...], said: str
) -> None:
    done = tiny.run("-n", "0", *words)
    assert done.returncode == 4
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_single_module_is_not_the_gate(tiny: Tiny) -> None:
    done = subprocess.run(
        [*tiny.command()[:-1], "gates/tiny/test_first.py", "-n", "0"],
        cwd=tiny.path,
        env=tiny.environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, tiny.record()["verdict"]) == (NOT_PASSED, "not_assessed")
