"""Filter patterns: GitHub's own table, and an oracle that reads patterns letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.github.filters import (
    BadPattern,
    any_path_passes,
    every_path_is_ignored,
    matches,
    passes,
    samples,
)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("feature/*", ["feature/my-branch"], ["feature/a/b", "feature"]),
        ("feature/**", ["feature/beta-a/my-branch", "feature/your-branch"], ["feature"]),
        ("main", ["main"], ["Main", "main2"]),
        ("*", ["main", "releases"], ["a/b"]),
        ("**", ["all/the/branches", "every/tag"], []),
        ("*feature", ["mona-feature", "feature", "ver-10-feature"], ["features"]),
        ("v2*", ["v2", "v2.0", "v2.9"], ["v2/a"]),
        ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1.a.0"]),
        ("*.jsx?", ["page.js", "page.jsx"], ["page.j", "a/page.js"]),
        ("**.js", ["index.js", "js/index.js", "src/js/app.js"], ["a.jsx"]),
        ("docs/*", ["docs/README.md"], ["docs/a/b.md"]),
        ("docs/**/*.md", ["docs/README.md", "docs/a/markdown/file.md"], ["doc/a.md"]),
        ("**/docs/**", ["docs/hello.md", "dir/docs/my-file.txt"], ["adocs/a"]),
        ("**/README.md", ["README.md", "js/README.md"], ["xREADME.md"]),
        ("**/*src/**", ["a/src/app.js", "my-src/code/js/app.js"], ["src"]),
        ("**/*-post.md", ["my-post.md", "path/their-post.md"], []),
        ("**/migrate-*.sql", ["migrate-10909.sql", "db/sept/migrate-v1.sql"], []),
        (r"c\+\+", ["c++"], ["ccc"]),
    ],
)
def test_githubs_table(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not matches(pattern, text)] == []
    assert [text for text in no if matches(pattern, text)] == []


def test_the_last_pattern_that_matches_decides() -> None:
    assert [passes(["*.md", "!README.md"], each) for each in ("hello.md", "README.md", "docs/hello.md")] == [
        True,
        False,
        False,
    ]
    again = ["*.md", "!README.md", "README*"]
    assert [passes(again, each) for each in ("hello.md", "README.md", "README.doc")] == [True, True, True]
    assert not passes(["!main"], "other")
    assert not passes([], "main")


def test_of_a_change_one_file_is_enough_and_all_have_to_be_ignored() -> None:
    assert any_path_passes(["src/**"], ["a.md", "src/a"])
    assert every_path_is_ignored(["**.md"], ["a.md", "b/c.md"])
    assert not every_path_is_ignored(["**.md"], ["a.md", "src/a"])


@pytest.mark.parametrize("pattern", ["", "?a", "*+", "[", "[]", "[z-a]", "[.]"])
def test_what_github_does_not_read_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        matches(pattern, "a")


def _oracle(pattern: str, text: str) -> bool:
    """Match by trying every way, pattern and text letter by letter."""
    if not pattern:
        return not text
    if pattern.startswith("**"):
        return any(_oracle(pattern[2:], text[at:]) for at in range(len(text) + 1))
    if pattern[0] == "*":
        most = text.find("/") if "/" in text else len(text)
        return any(_oracle(pattern[1:], text[at:]) for at in range(most + 1))
    if pattern[1:2] == "?":
        return _oracle(pattern[2:], text) or (text[:1] == pattern[0] and _oracle(pattern[2:], text[1:]))
    if pattern[1:2] == "+":
        most = len(text) - len(text.lstrip(pattern[0]))
        return any(_oracle(pattern[2:], text[at:]) for at in range(1, most + 1))
    return text[:1] == pattern[0] and _oracle(pattern[1:], text[1:])


_PART = st.sampled_from(["a", "b", "-", "/", "*", "a?", "b+", "x**"])


@settings(max_examples=300, deadline=None)
@given(st.lists(_PART, min_size=1, max_size=5), st.text("ab-/x", max_size=7))
def test_patterns_match_what_an_oracle_matches(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    # Three stars, and `**/` at the start of a folder, are read by rules that the oracle does not know.
    if "***" not in pattern and "**/" not in pattern and "*+" not in pattern:
        assert matches(pattern, text) == _oracle(pattern, text)


@settings(max_examples=100, deadline=None)
@given(st.text("ab/*?+[]!\\.-", max_size=12), st.text("ab/.", max_size=8))
def test_no_pattern_crashes(pattern: str, text: str) -> None:
    try:
        matches(pattern, text)
    except BadPattern:
        return
    assert all(matches(pattern, each) for each in samples(pattern))
