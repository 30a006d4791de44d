"""Versions one after the other: which wait for silence, and that an alarm that goes on ringing ends it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.rollout import scenario
from exitgate.observe.rollout.facts import Defect, Version


class FakeDriver:
    """Notes whom it deploys, and whether it had waited for silence before."""

    def __init__(self) -> None:
        self.disturbance = None
        self.did: list[str] = []

    def go_on(self, seconds: float, until: Callable[[], bool]) -> None:
        self.did.append("waits")

    def change_settings(self, settings: object) -> None:
        pass

    def deploy(self, version: str, **_: object) -> str:
        self.did.append(version)
        return version


def _performed(*defects: Defect, ringing: frozenset[str] = frozenset()) -> list[str]:
    driver = FakeDriver()
    versions = tuple(Version(name=defect.value, image_id="", defect=defect) for defect in defects)
    order = SimpleNamespace(deployments=versions, alarms=None, disturbance=None, overtaken=(), step_limit_s=1.0)
    nothing = cast("Any", None)
    alarms = SimpleNamespace(ringing=ringing)
    list(scenario._steps(cast("Any", driver), cast("Any", alarms), cast("Any", order), nothing, nothing))
    return driver.did


def test_only_those_of_which_alarms_have_to_tell_wait_for_silence() -> None:
    assert _performed(Defect.NONE, Defect.ERRS, Defect.DEAF, Defect.SLOW, Defect.CRASHES, Defect.UNMIGRATED) == [
        *("waits", Defect.NONE.value),
        *("waits", Defect.ERRS.value),
        Defect.DEAF.value,
        *("waits", Defect.SLOW.value),
        Defect.CRASHES.value,
        Defect.UNMIGRATED.value,
    ]


def test_an_alarm_that_goes_on_ringing_ends_it() -> None:
    with pytest.raises(PrerequisiteMissing, match="error-rate still rings"):
        _performed(Defect.SLOW, ringing=frozenset({"error-rate"}))


def test_the_breaker_tells_of_a_version_while_an_alarm_rings() -> None:
    assert _performed(Defect.DEAF, ringing=frozenset({"error-rate"})) == [Defect.DEAF.value]
