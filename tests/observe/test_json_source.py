"""Where in a JSON file a key stands."""

from __future__ import annotations

import json

import pytest

from exitgate.observe.json_source import line_of_key

TEXT = """\
{
  "family": "shop", "inner": {"user": "x"},
  "list": [
    {
      "name": "a",
      "user": "{ \\"user\\": 1, [ ] }"
    },
    { "name": "b", "tags": [
        1,
        [2, 3],
        {}
    ], "user"
      : null },
    "text"
  ],
  "empty": {}, "none": [],
  "größe": true
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("family",), 2),
        (("inner",), 2),
        (("inner", "user"), 2),
        (("list",), 3),
        (("list", 0), 4),
        (("list", 0, "name"), 5),
        (("list", 0, "user"), 6),
        (("list", 1), 8),
        (("list", 1, "name"), 8),
        (("list", 1, "tags", 0), 9),
        (("list", 1, "tags", 1), 10),
        (("list", 1, "tags", 1, 1), 10),
        (("list", 1, "tags", 2), 11),
        (("list", 1, "user"), 12),
        (("list", 2), 14),
        (("empty",), 16),
        (("none",), 16),
        (("größe",), 17),
    ],
)
def test_a_key_is_found_in_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert line_of_key(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("nothing",), 1),
        (("nothing", "deeper"), 1),
        (("user",), 1),
        ((0,), 1),
        (("list", "name"), 3),
        (("list", 3), 3),
        (("list", 3, "name"), 3),
        (("list", 0, "nothing"), 4),
        (("list", 0, "name", "deeper"), 5),
        (("list", 0, "user", "user"), 6),
        (("list", 1, "tags", 2, "x"), 11),
        (("empty", "x"), 16),
        (("none", 0), 16),
    ],
)
def test_what_is_not_there_is_found_in_what_encloses_it(path: tuple[str | int, ...], line: int) -> None:
    assert line_of_key(TEXT, path) == line


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_the_layout_of_a_file_does_not_matter(indent: int | str | None) -> None:
    text = json.dumps({"a": [1, {"b": "\n"}], "c": 2}, indent=indent)
    number = next((n for n, each in enumerate(text.splitlines(), 1) if '"b"' in each), 0)
    assert line_of_key(text, ("a", 1, "b")) == number


def test_lines_that_end_as_on_windows_are_counted_once() -> None:
    assert line_of_key(TEXT.replace("\n", "\r\n"), ("list", 1, "tags", 1)) == 10


@pytest.mark.parametrize("text", ["1", '"text"', "null", "[]", "{}", " \n {}"])
def test_a_file_of_one_value_has_its_first_line(text: str) -> None:
    assert line_of_key(text, ("a", 0)) == 1


def test_of_a_key_that_stands_twice_it_is_the_one_that_counts() -> None:
    text = '{\n"user": "10001",\n"user": "0"\n}'
    assert json.loads(text) == {"user": "0"}
    assert line_of_key(text, ("user",)) == 3
