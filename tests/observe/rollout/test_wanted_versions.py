"""Which bad versions a run rolls out: those that its checks ask for, and all of them for one that is about all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from exitgate.fixtures.rolling import _wanted_defects

from exitgate.observe.rollout.facts import Defect


def _item(check: str, fixture: str = "rollbacks") -> pytest.Item:
    marker = SimpleNamespace(args=("3.5.C.3", check))
    return cast("pytest.Item", SimpleNamespace(fixturenames=(fixture,), get_closest_marker=lambda _: marker))


@pytest.mark.parametrize(
    ("checks", "wanted"),
    [
        (("never-healthy",), {Defect.DEAF}),
        (("crashing", "healthy-but-slow"), {Defect.CRASHES, Defect.UNMIGRATED, Defect.SLOW}),
        (("never-healthy", "old-version-whole"), set(Defect)),
        (("one-that-is-new",), set(Defect)),
    ],
)
def test_what_the_checks_of_a_run_are_about_is_rolled_out(checks: tuple[str, ...], wanted: set[Defect]) -> None:
    assert _wanted_defects([_item(check) for check in checks]) == wanted


def test_a_check_of_something_else_wants_none() -> None:
    assert _wanted_defects([_item("completes", "clean_rollout"), _item("crashing")]) == {
        Defect.CRASHES,
        Defect.UNMIGRATED,
    }
