"""Rows are looked at once nobody changes them any more."""

from __future__ import annotations

import pytest

from exitgate.observe.migrations import state
from exitgate.observe.migrations.state import Rows, steady_rows


def rows(digest: str) -> dict[str, Rows]:
    return {"notes": Rows(columns=("id",), count=1, digest=digest)}


def test_rows_are_steady_once_they_were_the_same_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_STEADY_FOR_S", 0.0)
    seen = iter("abccd")
    assert steady_rows(lambda: rows(next(seen))) == rows("c")
    assert next(seen) == "d"


def test_rows_that_never_are_are_taken_as_they_are_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_STEADY_WITHIN_S", 0.0)
    assert steady_rows(lambda: rows("a")) == rows("a")
