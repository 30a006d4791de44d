"""What the summary on the terminal prints of findings: their own words, whatever they look like."""

from __future__ import annotations

import pytest

from exitgate.finding import Finding
from exitgate.plugin.terminal import print_summary
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
