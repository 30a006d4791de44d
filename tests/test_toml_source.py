"""Where in a TOML file a value stands, and what is wrong with it in words."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.toml_source import Location, Problem, first_problem, line_of

TEXT = """\
title = "x"

[owner]
name = "Ada"  # owner.mail = none

[[fruit]]
name = "apple"

[fruit.physical]
color = "red"

[[fruit.variety]]
name = "red delicious"

[[fruit.variety]]
name = "granny smith"

[[fruit]]
name = "banana"
"colour of skin" = "yellow"
'taste' = "sweet"

[[fruit.variety]]
name = "plantain"

[ a . "b.c" . 'd' ]  # spaced
deep = { inline = 1, other = 2 }
list = [
  "first",
  "second",
]
after = 1
dotted.key = 2
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title",), 1),
        (("owner",), 3),
        (("owner", "name"), 4),
        (("fruit", 0), 6),
        (("fruit", 0, "name"), 7),
        (("fruit", 0, "physical"), 9),
        (("fruit", 0, "physical", "color"), 10),
        (("fruit", 0, "variety", 0, "name"), 13),
        (("fruit", 0, "variety", 1), 15),
        (("fruit", 0, "variety", 1, "name"), 16),
        (("fruit", 1), 18),
        (("fruit", 1, "name"), 19),
        (("fruit", 1, "colour of skin"), 20),
        (("fruit", 1, "taste"), 21),
        (("fruit", 1, "variety", 0), 23),
        (("fruit", 1, "variety", 0, "name"), 24),
        (("a", "b.c", "d"), 26),
        (("a", "b.c", "d", "after"), 32),
    ],
)
def test_a_value_is_found_in_its_line(location: Location, line: int) -> None:
    assert line_of(TEXT, location) == line


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("nothing",), 1),
        (("owner", "mail"), 3),
        (("fruit", 0, "taste"), 6),
        (("fruit", 1, "physical", "color"), 18),
        (("fruit", 0, "variety", 2), 6),
        (("a", "b.c", "d", "deep", "inline"), 27),
        (("a", "b.c", "d", "list", 1), 28),
        (("a", "b.c", "d", "dotted", "key"), 33),
        (("owner", "name", "first"), 4),
    ],
)
def test_what_is_not_there_is_found_in_what_encloses_it(location: Location, line: int) -> None:
    assert line_of(TEXT, location) == line


def test_a_comment_holds_no_key_and_no_table() -> None:
    assert line_of("# name = 1\n#[owner]\nname = 2\n", ("name",)) == 3


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_a_text_of_several_lines_holds_no_key_and_no_table(quotes: str) -> None:
    text = f"[a]\nb = {quotes}\nc = 1\n[x]\n{quotes}\nc = 2\n"
    assert tomllib.loads(text)["a"]["c"] == 2
    assert line_of(text, ("a", "c")) == 6


def test_an_indented_key_is_found() -> None:
    assert line_of("[a]\n  b = 1\n\tc=2\n", ("a", "c")) == 3


def test_a_key_that_starts_like_another_is_another() -> None:
    assert line_of("names = 1\nname = 2\n", ("name",)) == 2


def test_an_empty_file_has_a_first_line() -> None:
    assert line_of("", ("a",)) == 1


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    colour: str = "red"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = "x"
    one: Inner | None = None
    many: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = {}


def problem(text: str) -> Problem:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(tomllib.loads(text))
    return first_problem(caught.value, text, Outer)


@pytest.mark.parametrize(
    ("text", "line", "got", "expected"),
    [
        ("nmae = 1", 1, "unknown key 'nmae'", "the key 'name'"),
        ("[one]\nsiez = 1", 2, "unknown key 'one.siez'", "the key 'size'"),
        ("[[many]]\n[[many]]\ncolor = 1", 3, "unknown key 'many.1.color'", "the key 'colour'"),
        ("[by_name.x]\nsizes = 1", 2, "unknown key 'by_name.x.sizes'", "the key 'size'"),
        ("[one]\nweight = 1", 2, "unknown key 'one.weight'", "one of colour, size"),
        ("zzz = 1", 1, "unknown key 'zzz'", "one of by_name, many, name, one"),
    ],
)
def test_an_unknown_key_is_told_what_is_known_in_its_own_table(text: str, line: int, got: str, expected: str) -> None:
    found = problem(text)
    assert (found.line, found.got, found.expected, found.more) == (line, got, expected, 0)


def test_a_wrong_value_is_shown_with_what_the_key_takes() -> None:
    found = problem("[[many]]\nsize = 1\n[[many]]\nsize = 'big'\n")
    assert found.line == 4
    assert found.got == "many.1.size = 'big'"
    assert found.expected.startswith("input should be a valid integer")


def test_further_problems_are_counted() -> None:
    assert problem("[[many]]\nsize = 'a'\n[[many]]\nsize = 'b'\nzzz = 1\n").more == 2
