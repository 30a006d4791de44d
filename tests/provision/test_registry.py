"""Images that have to be there."""

from __future__ import annotations

from typing import Any, cast

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision import registry
from exitgate.provision.engine import Builder, Engine

ENGINE, BUILDER = cast("Engine", None), cast("Builder", None)


@pytest.mark.parametrize("state", ["absent", "unreachable"])
def test_an_image_that_can_be_had_no_more_is_a_missing_prerequisite(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "obtain", lambda *_: (state, "no such host"))
    with pytest.raises(PrerequisiteMissing, match=r"node:22 can't be pulled \(no such host\)"):
        registry.require(ENGINE, BUILDER, "node:22", "Dockerfile:3")


def test_an_image_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(registry, "obtain", lambda *given: asked.append(given[2]) or ("here", ""))
    registry.require(ENGINE, BUILDER, "node:22", "Dockerfile:3")
    assert asked == ["node:22"]
