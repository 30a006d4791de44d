"""Who of a favoured group counts how much: containers in the background, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.provision import favour


@pytest.fixture
def shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those of a container `c` in a group `g`."""
    monkeypatch.setattr(favour, "_TREE", tmp_path)
    (tmp_path / "g" / "c").mkdir(parents=True)
    file = tmp_path / "g" / "c" / "cpu.shares"
    file.write_text("1024", encoding="ascii")
    return file


def test_what_is_in_the_background_weighs_a_fraction_until_it_comes_back(shares: Path) -> None:
    favour.put_in_background("g", "c")
    assert int(shares.read_text(encoding="ascii")) < 1024 / 8
    favour.put_in_foreground("g", "c")
    assert shares.read_text(encoding="ascii") == "1024"


def test_without_a_group_and_of_a_container_that_has_ended_nothing_is_written(shares: Path) -> None:
    favour.put_in_background(None, "c")
    favour.put_in_background("g", "gone")
    assert shares.read_text(encoding="ascii") == "1024"
