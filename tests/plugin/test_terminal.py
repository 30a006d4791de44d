"""What the summary on the terminal prints of findings: their own words, whatever they look like."""

from __future__ import annotations

import argparse

import pytest

from exitgate.finding import Finding
from exitgate.plugin.terminal import again_words, print_summary
from tests.cli.test_commands import RECORD


def test_words_that_look_like_markup_or_pictures_are_printed_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/[bold]url"
    finding = Finding(location=arn, message=f"may read {arn}", expected="none", got=arn, remedy="Name them.")
    control = RECORD.controls[0]
    check = control.checks[0].model_copy(update={"status": "not_met", "findings": (finding,)})
    red = control.model_copy(update={"status": "not_met", "checks": (check,)})
    print_summary(RECORD.model_copy(update={"controls": (red,)}), "report")
    printed = capsys.readouterr().out
    assert printed.count(arn) >= 3


def test_how_to_run_it_again_names_the_target_that_was_named(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(location="a:1", message="m", expected="e", got="g", remedy="r")
    control = RECORD.controls[0]
    check = control.checks[0].model_copy(update={"status": "not_met", "findings": (finding,)})
    red = control.model_copy(update={"status": "not_met", "checks": (check,)})
    record = RECORD.model_copy(update={"controls": (red,)})
    print_summary(record, "report", ("--gate-target", "../my shop"))
    assert f"exitgate run {record.gate} --gate-target '../my shop' --control {red.id}" in capsys.readouterr().out
    print_summary(record, "report")
    assert f"exitgate run {record.gate} --control {red.id}" in capsys.readouterr().out


def test_a_reason_why_something_is_not_assessed_is_told_once_and_no_word_of_what_nobody_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    control = RECORD.controls[0]
    check = control.checks[0].model_copy(update={"status": "not_assessed", "message": "no value for variable x"})
    left_out = check.model_copy(update={"id": "other", "message": "deselected on the command line"})
    open_one = control.model_copy(update={"status": "not_assessed", "checks": (check, check, left_out)})
    print_summary(RECORD.model_copy(update={"controls": (open_one,)}), "report")
    printed = capsys.readouterr().out
    assert f"{control.id} {check.id} · {check.subject} and 1 more" in printed
    assert printed.count("no value for variable x") == 1
    assert "deselected" not in printed


@pytest.mark.parametrize(
    ("option", "again"), [("", ()), ("gate_every_check", ("--every-check",)), ("gate_thorough", ("--every-check",))]
)
def test_what_only_such_a_run_makes_is_looked_at_again_by_such_a_run(option: str, again: tuple[str, ...]) -> None:
    given = {"gate_target": "", "gate_github_repository": "", "gate_every_check": False, "gate_thorough": False}
    assert again_words(argparse.Namespace(**{**given, **({option: True} if option else {})})) == again
