"""CODEOWNERS by GitHub's rules: the last line that matches decides, and what a pattern matches."""

from __future__ import annotations

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.codeowners import matches, parse_code_owners, read_code_owners


@pytest.mark.parametrize(
    ("pattern", "file", "expected"),
    [
        ("*", "a/b", True),
        ("*.js", "a/b.js", True),
        ("/docs/", "docs/a/b", True),
        ("/docs/", "x/docs/a", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("apps/", "x/apps/y", True),
        ("**/logs", "a/b/logs/x", True),
        ("/x/**", "x/y/z", True),
        ("a/**/b", "a/b", True),
        ("/apps/orders/", "apps/orders2/x", False),
        ("/apps/*/prisma/", "apps/orders/prisma/m/x.sql", True),
    ],
)
def test_a_pattern_matches_what_github_says(pattern: str, file: str, expected: bool) -> None:
    assert matches(pattern, file) is expected


def test_the_last_line_decides_and_one_without_owners_takes_them_away() -> None:
    owners = parse_code_owners("* @all\n/a/ @team/a # theirs\n/a/b\n")
    assert owners.rule_for("x").owners == ("@all",)  # type: ignore[union-attr]
    assert owners.rule_for("a/x").line == 2  # type: ignore[union-attr]
    assert owners.rule_for("a/b").owners == ()  # type: ignore[union-attr]


def test_lines_that_github_skips_are_skipped() -> None:
    assert parse_code_owners("!x @a\n[ab] @a\nx nobody\n").invalid == (1, 2, 3)


def test_no_file_is_said(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PrerequisiteMissing, match="no such file"):
        read_code_owners(tmp_path)
