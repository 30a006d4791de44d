"""The previous release outlives its database, as long as it passes its own requests on the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from exitgate.migration_settings import SmokeRequest
from exitgate.observe.migrations import predecessor
from exitgate.observe.migrations.predecessor import predecessors
from exitgate.observe.migrations.stage import Stage


@dataclass
class Old:
    """A release that answers, or does not."""

    url: str
    state: str = "answers"
    wrong: str = ""

    def await_start(self, timeout_s: float) -> None:
        """Is there at once."""

    def look(self) -> str:
        """Say how it is."""
        return self.state

    def request(self, request: SmokeRequest, saved: dict[str, str]) -> str:
        """Answer any."""
        saved["id"] = self.url
        return self.wrong


@dataclass
class Ground:
    """What a stage has of databases and of the previous release."""

    started: list[Old] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    renewed: list[tuple[str, str]] = field(default_factory=list)

    def make(self, of: str | None = None) -> str:
        """Make one that is told from others by its number."""
        return f"{of}-copy"

    def renew(self, name: str, of: str) -> None:
        """Note it."""
        self.renewed.append((name, of))

    def url(self, name: str) -> str:
        """Return the name."""
        return name

    @contextmanager
    def replica(self, image: str, url: str) -> Iterator[Old]:
        """Start one, and note its end."""
        self.started.append(Old(url))
        yield self.started[-1]
        self.ended.append(url)


def stage(ground: Ground, *, previous: bool = True) -> Stage:
    requests = (SmokeRequest(path="/notes", save={"id": "id"}), SmokeRequest(path="/notes/$id"))
    made = SimpleNamespace(
        databases=ground,
        previous_replicas=ground if previous else None,
        previous_image="v1",
        previous_requests=requests,
        patience_s=1.0,
    )
    return cast("Stage", made)


def test_it_is_started_once_for_several_failures_each_on_a_new_copy() -> None:
    ground = Ground()
    with predecessors(stage(ground), "base", 1) as (one,):
        for reused in (False, True, True):
            name = one.database()
            with one.serving(name):
                assert one.reused is reused
        assert (len(ground.started), ground.ended) == (1, [])
        assert ground.renewed == [("base-copy", "base")] * 2
    assert ground.ended == ["base-copy"]


@pytest.mark.parametrize("change", [{"state": "ended"}, {"wrong": "GET /notes: 500, not 200"}])
def test_one_that_does_not_come_back_is_replaced(change: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predecessor, "_BACK_WITHIN_S", 0.0)
    ground = Ground()
    with predecessors(stage(ground), "base", 1) as (one,):
        with one.serving(one.database()):
            pass
        for name, value in change.items():
            setattr(ground.started[0], name, value)
        with one.serving(one.database()):
            assert not one.reused
        assert (len(ground.started), len(ground.ended)) == (2, 1)


def test_one_that_was_dismissed_is_not_seen_again() -> None:
    ground = Ground()
    with predecessors(stage(ground), "base", 1) as (one,):
        with one.serving(one.database()):
            one.dismiss()
        with one.serving(one.database()):
            assert not one.reused
    assert (len(ground.started), len(ground.ended)) == (2, 2)


def test_on_a_database_of_another_name_there_is_one_for_that_alone() -> None:
    ground = Ground()
    with predecessors(stage(ground), "base", 1) as (one,):
        with one.serving(one.database()):
            pass
        with one.serving("small"):
            assert not one.reused
        assert ground.ended == ["small"]
        with one.serving(one.database()):
            assert one.reused


def test_without_a_previous_release_nobody_is_asked() -> None:
    ground = Ground()
    with predecessors(stage(ground, previous=False), "base", 1) as (one,), one.serving(one.database()) as prober:
        pass
    assert (prober.count, ground.started) == (0, [])
