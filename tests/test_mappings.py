"""What the controls are evidence for, by clause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.catalogue import Gate, load_gate
from exitgate.errors import CatalogueError
from exitgate.mappings import shipped_mappings
from tests.builders import check, control, gate

GATE3 = load_gate(Path(__file__).parent.parent / "gates" / "gate3")
HEAD = 'standard = "A standard"\nsource = "https://example.org"\n\n[controls]\n'


def test_every_control_and_requirement_of_gate_3_is_mapped_to_several_standards() -> None:
    found = shipped_mappings(GATE3)
    assert set(found) == {each.id for each in GATE3.everything}
    assert min(len(entries) for entries in found.values()) >= 3
    assert {each.standard.split()[0] for entries in found.values() for each in entries} == {
        "NIST",
        "ISO/IEC",
        "SOC",
        "SLSA",
    }


def test_no_clause_stands_under_both_words_and_each_looks_like_one_of_its_standard() -> None:
    shapes = {"NIST SP": "-", "NIST SSDF": ".", "ISO/IEC": "A.", "SOC 2": ".", "SLSA": "-L"}
    for entries in shipped_mappings(GATE3).values():
        for each in entries:
            (shape,) = (sign for start, sign in shapes.items() if each.standard.startswith(start))
            assert all(shape in clause for clause in (*each.supports, *each.partial)), each


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + '"z" = { supports = ["X-1"] }\n', "control 'z'"),
        (HEAD + '"a" = {}\n', "a: no clause"),
        (HEAD + '"a" = { supports = ["X-1"], partial = ["X-1"] }\n', "a: X-1, X-1"),
        (HEAD + '"a" = { supports = [" "] }\n', "each clause once"),
        (HEAD + '"a" = { proves = ["X-1"] }\n', "controls.a.proves"),
        (HEAD.replace("https://", "ftp://") + '"a" = { supports = ["X-1"] }\n', "source"),
        (HEAD, "controls"),
        ("standard = ", "a mapping in TOML"),
        ("\udcff", "a mapping in TOML"),
    ],
)
def test_a_mapping_that_says_nothing_or_too_much_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    asked = _gate(tmp_path, text)
    with pytest.raises(CatalogueError) as raised:
        shipped_mappings(asked)
    assert said in str(raised.value)
    assert "x.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_standards_come_in_the_order_of_their_files_and_a_gate_may_have_none(tmp_path: Path) -> None:
    asked = _gate(tmp_path, HEAD + '"a" = { partial = ["X-1"] }\n')
    (tmp_path / "mappings" / "b.toml").write_text(HEAD.replace("A standard", "B") + '"a" = { supports = ["Y"] }\n')
    assert [(each.standard, each.supports, each.partial) for each in shipped_mappings(asked)["a"]] == [
        ("B", ("Y",), ()),
        ("A standard", (), ("X-1",)),
    ]
    assert shipped_mappings(_gate(tmp_path / "none", None)) == {}


def _gate(directory: Path, text: str | None) -> Gate:
    if text is not None:
        (directory / "mappings").mkdir(parents=True)
        (directory / "mappings" / "x.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    return replace(gate(control("a", check("one"))), directory=directory)
