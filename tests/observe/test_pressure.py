"""How much of the machine others had, from counters that are made up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from exitgate.observe import pressure
from exitgate.observe.pressure import Pressure

TICK = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "stat"
    monkeypatch.setattr(pressure, "_STAT", path)
    return path


def passed(path: Path, user_s: int, idle_s: int, steal_s: int = 0) -> None:
    """Write counters; what guests use stands in `user` already."""
    numbers = (user_s, 0, 0, idle_s, 0, 0, 0, steal_s, user_s, 0)
    path.write_text("cpu  " + " ".join(str(number * TICK) for number in numbers) + "\ncpu0 1\n", encoding="ascii")


def counting(*used_s: float | None) -> Iterator[float | None]:
    yield from used_s


@pytest.mark.parametrize(
    ("own_s", "expected"), [((5.0, 35.0), 0.0), ((5.0, 15.0), 20.0), ((5.0, 5.0), 30.0), ((0.0, 99.0), 0.0)]
)
def test_what_is_not_ours_is_foreign(stat: Path, own_s: tuple[float, float], expected: float) -> None:
    told = counting(*own_s)
    passed(stat, user_s=100, idle_s=100)
    since = Pressure(lambda: next(told))
    passed(stat, user_s=130, idle_s=170)
    assert since.foreign_percent == pytest.approx(expected)


def test_what_the_hypervisor_takes_is_foreign(stat: Path) -> None:
    told = counting(0.0, 10.0)
    passed(stat, user_s=0, idle_s=0)
    since = Pressure(lambda: next(told))
    passed(stat, user_s=10, idle_s=40, steal_s=50)
    assert since.foreign_percent == pytest.approx(50.0)


def test_where_nobody_counts_nothing_is_said(stat: Path) -> None:
    passed(stat, user_s=1, idle_s=1)
    since = Pressure()
    passed(stat, user_s=2, idle_s=2)
    assert since.foreign_percent is None
    stat.unlink()
    told = counting(1.0, 2.0)
    assert Pressure(lambda: next(told)).foreign_percent is None
