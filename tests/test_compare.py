"""Two records of one commit: what may differ between them, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from exitgate.compare import contradictions
from exitgate.pictures import NetworkFlow, NetworkPicture, RolloutPicture
from exitgate.record import Environment, ImageEntry, Record, TargetEntry


def _record(**facts: Any) -> Record:
    whole: dict[str, Any] = {
        "run_id": "r", "gate": "gate3", "gate_title": "Gate 3", "verdict": "failed", "rehearsal": False,
        "finished_whole": True, "target": TargetEntry(name="t", commit="0" * 40, dirty=False), "policy_digest": "sha256:p",
        "started": "s", "finished": None, "substitutes": (), "tools": (), "problems": (), "criteria": (), "controls": (),
        "requirements": (), "waivers": (), "runs": 1, "images": (ImageEntry(workload="orders", digest="sha256:a"),),
        "environment": Environment(exitgate="0", python="3", platform="p", user="u", clock="c"),
    }  # fmt: skip
    return Record(**(whole | facts))


@pytest.mark.parametrize(
    "facts",
    [
        {"run_id": "other"},
        {"started": "later"},
        {"runs": 2},
        {"images": (ImageEntry(workload="orders", digest="sha256:b"),)},
    ],
    ids=["name", "time", "count of runs", "digest of an image, which holds its run's labels"],
)
def test_what_no_two_runs_share_is_no_contradiction(facts: dict[str, Any]) -> None:
    assert contradictions(_record(), _record(**facts)) == []


ROLLOUT = RolloutPicture(
    scenario="clean", workload="orders", bin_s=1.0, answered=(1,), failed=(0,), latency_p99_ms=(5,), tasks=(), marks=()
)
NETWORK = NetworkPicture(stack="staging", tiers=(), ends=(), flows=())


def test_of_what_is_drawn_measurements_may_differ_and_the_plan_may_not() -> None:
    slower = ROLLOUT.model_copy(update={"latency_p99_ms": (50, 60), "answered": (1, 2)})
    opened = NETWORK.model_copy(update={"flows": (NetworkFlow(source="a", destination="b", traffic="tcp 1"),)})
    one = _record(pictures=(ROLLOUT, NETWORK))
    assert contradictions(one, _record(pictures=(slower, NETWORK))) == []
    assert len(contradictions(one, _record(pictures=(ROLLOUT, opened)))) == 1
    assert len(contradictions(one, _record(pictures=(ROLLOUT,)))) == 1


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"verdict": "passed"}, "verdict"),
        ({"policy_digest": "sha256:q"}, "policy_digest"),
        ({"images": (ImageEntry(workload="catalog", digest="sha256:a"),)}, "images[0].workload"),
        ({"images": ()}, "images[0]"),
    ],
)
def test_everything_else_is_one(facts: dict[str, Any], place: str) -> None:
    (found,) = contradictions(_record(), _record(**facts))
    assert found.startswith(f"{place}: ")
