"""The previous release outlives its database, as long as it passes its own reads on the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.migration_settings import SmokeRequest
from exitgate.observe.migrations import predecessor
from exitgate.observe.migrations.predecessor import Predecessor, Seed
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.stage import Stage


@dataclass
class Old:
    """A release that answers, or does not."""

    url: str
    state: str = "answers"
    wrong: str = ""
    asked: list[SmokeRequest] = field(default_factory=list)

    def await_start(self, timeout_s: float) -> Start:
        """Is there at once, or never."""
        answers, ended = self.state == "answers", self.state == "ended"
        return Start(
            answered=answers, listened=answers, exit_code=1 if ended else None, said="P2022", seconds=timeout_s
        )

    def look(self) -> str:
        """Say how it is."""
        return self.state

    def request(self, request: SmokeRequest, saved: dict[str, str]) -> str:
        """Answer any."""
        self.asked.append(request)
        return self.wrong


@dataclass
class Ground:
    """What a stage has of databases and of the previous release."""

    started: list[Old] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    renewed: list[tuple[str, str]] = field(default_factory=list)
    state: str = "answers"
    """Of what is started."""

    def make(self, of: str | None = None) -> str:
        """Make one that is told from others by its name."""
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
        self.started.append(Old(url, self.state))
        yield self.started[-1]
        self.ended.append(url)


def place(ground: Ground, life: ExitStack, *, previous: bool = True) -> Predecessor:
    """Return a place on a stage whose requests saved the id of a note."""
    requests = (SmokeRequest(method="POST", path="/notes", save={"id": "id"}), SmokeRequest(path="/notes/$id"))
    stage = SimpleNamespace(
        databases=ground,
        life=life,
        previous_replicas=ground if previous else None,
        previous_image="v1",
        previous_tag="v1",
        previous_requests=requests,
        patience_s=1.0,
        once=lambda make: Seed(database="seed", rows={}, known={"id": "7"}),
    )
    return Predecessor(stage=cast("Stage", stage))


def test_it_is_started_once_for_several_failures_each_on_a_new_copy() -> None:
    ground = Ground()
    with ExitStack() as life:
        one = place(ground, life)
        for reused in (False, True, True):
            with one.serving(one.renew(of="seed")):
                assert one.reused is reused
        assert (len(ground.started), ground.ended) == (1, [])
        assert ground.renewed == [("seed-copy", "seed")] * 2
    assert ground.ended == ["seed-copy"]


def test_it_is_asked_for_what_changes_nothing() -> None:
    ground = Ground()
    with ExitStack() as life:
        one = place(ground, life)
        for _ in range(2):
            with one.serving(one.renew(of="seed")):
                pass
    assert {each.path for each in ground.started[0].asked} == {"/notes/$id"}


@pytest.mark.parametrize("change", [{"state": "ended"}, {"wrong": "GET /notes: 500, not 200"}])
def test_one_that_does_not_come_back_is_replaced(change: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predecessor, "_BACK_WITHIN_S", 0.0)
    ground = Ground()
    with ExitStack() as life:
        one = place(ground, life)
        with one.serving(one.renew(of="seed")):
            pass
        for name, value in change.items():
            setattr(ground.started[0], name, value)
        with one.serving(one.renew(of="seed")):
            assert not one.reused
        assert (len(ground.started), len(ground.ended)) == (2, 1)


@pytest.mark.parametrize("state", ["starting", "ended"])
def test_one_that_does_not_come_up_is_an_error_and_no_deployment_s_doing(state: str) -> None:
    ground = Ground(state=state)
    with ExitStack() as life:
        one = place(ground, life)
        with pytest.raises(ObservationError, match="previous release v1: it does not come up here: P2022"):
            one.ready(one.renew(of="seed"))
        assert ground.ended == ["seed-copy"]


def test_one_that_was_dismissed_is_not_seen_again() -> None:
    ground = Ground()
    with ExitStack() as life:
        one = place(ground, life)
        with one.serving(one.renew(of="seed")):
            pass
        one.dismiss()
        with one.serving(one.renew(of="seed")):
            assert not one.reused
    assert (len(ground.started), len(ground.ended)) == (2, 2)


def test_without_a_previous_release_nobody_is_asked() -> None:
    ground = Ground()
    with ExitStack() as life:
        one = place(ground, life, previous=False)
        with one.serving(one.renew(of="base")) as prober:
            pass
        with pytest.raises(PrerequisiteMissing, match="no release before the judged commit"):
            one.start("base-copy")
    assert (prober.count, ground.started) == (0, [])
