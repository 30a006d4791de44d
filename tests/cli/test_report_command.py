"""``exitgate report``, as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from exitgate.cli import app
from exitgate.errors import UsageError
from tests.reporting.records import judged, mixed_record, passing, record_of

SOURCE = "https://git.example/shop/blob/{commit}/{path}#L{line}"


@pytest.fixture
def record(tmp_path: Path) -> str:
    path = tmp_path / "record.json"
    path.write_text(mixed_record().model_dump_json(), encoding="utf-8")
    return str(path)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["report", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_is_told_against_an_earlier_record_and_links_to_source(record: str, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(record_of(judged(passing)).model_dump_json(), encoding="utf-8")
    page = said(record, "--against", str(earlier), "--source", SOURCE)
    assert "What changed" in page
    assert "https://git.example/shop/blob/9f1c2d3e" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "junit", "--source", SOURCE), "--format junit: --against or --source"),
        (("--source", "http://git.example/{path}"), "expected an https:// address"),
        (("--source", "https://git.example/"), "with {path} in it"),
    ],
)
def test_what_does_not_go_together_is_one_clear_error(record: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as error:
        said(record, *arguments)
    assert words in str(error.value)
