"""Variables, quotes and escapes in the words of a Dockerfile."""

from __future__ import annotations

import pytest

from exitgate.dockerfile.words import MalformedWordError, Scope, expand, split_words

SCOPE = Scope(values={"A": "one", "EMPTY": "", "B2": "two"}, unknown={"TARGETARCH": "is set by the builder"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$A", "one"),
        ("${A}", "one"),
        ("${A}-slim", "one-slim"),
        ("$A-slim", "one-slim"),
        ("x$B2.y", "xtwo.y"),
        ("${NONE:-d}", "d"),
        ("${NONE-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${A:-d}", "one"),
        ("${A:+d}", "d"),
        ("${A+d}", "d"),
        ("${EMPTY:+d}", ""),
        ("${EMPTY+d}", "d"),
        ("${NONE:+d}", ""),
        ("${NONE:-${A}:x}", "one:x"),
        ("${NONE:-${OTHER:-$A}}", "one"),
        ("${A:?must}", "one"),
        (r"\$A", "$A"),
        (r"\${A}", "${A}"),
        ("'$A'", "$A"),
        ('"$A"', "one"),
        (r'"\$A"', "$A"),
        (r'"a\b"', r"a\b"),
        (r"a\ b", "a b"),
        ("cost: 5$", "cost: 5$"),
        ("a$/b", "a$/b"),
    ],
)
def test_a_word_is_expanded_as_buildkit_does(text: str, expected: str) -> None:
    found = expand(text, SCOPE)
    assert (found.text, found.gaps) == (expected, ())


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("node:$NONE", "NONE has no value"),
        ("${NONE}", "NONE has no value"),
        ("${NONE:?}", "NONE has no value, and is demanded"),
        ("${EMPTY:?}", "EMPTY has no value, and is demanded"),
        ("base-$TARGETARCH", "TARGETARCH is set by the builder"),
        ("${TARGETARCH:-amd64}", "TARGETARCH is set by the builder"),
        ("${NONE:-$OTHER}", "OTHER has no value"),
        ("${A#o}", "${A#o} is read in different ways"),
        ("${A##o}", "${A##o} is read in different ways"),
        ("${A%e}", "${A%e} is read in different ways"),
        ("${A/o/x}", "${A/o/x} is read in different ways"),
        ("${A//o/x}", "${A//o/x} is read in different ways"),
        ("${A^}", "${A^} is read in different ways"),
        ("${}", "${} is read in different ways"),
    ],
)
def test_what_is_not_known_is_said(text: str, gap: str) -> None:
    assert [each for each in expand(text, SCOPE).gaps if each.startswith(gap)]


def test_a_default_that_is_not_used_leaves_no_gap() -> None:
    assert expand("${A:-$NONE}", SCOPE).gaps == ()


@pytest.mark.parametrize("text", ["'a", '"a', "${A", "${A:-b", '"${A', "${" * 100 + "A", "${A:-" * 100 + "}" * 100])
def test_what_is_not_closed_is_malformed(text: str) -> None:
    with pytest.raises(MalformedWordError):
        expand(text, SCOPE)


def test_another_escape_character_leaves_the_backslash_alone() -> None:
    assert expand("c:\\$A`$A", SCOPE, "`").text == "c:\\one$A"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1 B=2", ("A=1", "B=2")),
        ('A="x y" B=\'z "\'', ('A="x y"', "B='z \"'")),
        (r"A=x\ y", (r"A=x\ y",)),
        ("  ", ()),
    ],
)
def test_words_are_split_outside_of_quotes(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text) == words


def test_a_quote_that_is_not_closed_splits_into_nothing() -> None:
    with pytest.raises(MalformedWordError):
        split_words("A='x y")
