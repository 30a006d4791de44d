"""Rules on the size of images."""

from __future__ import annotations

import tomllib
from pathlib import Path

from exitgate.checks.containers import missing_budgets, oversized_images
from exitgate.checks.containers.size import megabytes
from exitgate.target import Configuration, Target, Workload
from tests.checks.containers.builders import dockerfile, policy
from tests.observe.archives import archive, contents, member
from tests.target_folder import SOUND

WORKLOAD = Workload.model_construct(name="orders", stage=None)
LAYERS = (archive(member("base", b"x" * 3_000_000)), archive(member("app", b"x" * 2_000_000), member("small", b"x")))


def test_an_image_within_its_budget_has_no_finding() -> None:
    for budget in (5_000_001, 10**9):
        assert (
            oversized_images(contents(*LAYERS), dockerfile(), WORKLOAD, policy(size_budget_bytes={"orders": budget}))
            == []
        )


def test_an_image_over_its_budget_is_a_finding_with_its_largest_layers_and_files() -> None:
    (finding,) = oversized_images(
        contents(*LAYERS), dockerfile(), WORKLOAD, policy(size_budget_bytes={"orders": 4_000_001})
    )
    assert finding.location == "apps/orders/Dockerfile:3"
    assert finding.message == "the image of orders is over its budget by 1.0 MB"
    assert finding.got.startswith("5.0 MB, about 0.0 MB to pull; largest layers: 3.0 MB ")
    assert "/base 3.0 MB, /app 2.0 MB" in finding.got


def test_what_a_later_layer_hides_still_counts() -> None:
    hidden = (*LAYERS, archive(member(".wh.base")))
    assert (
        len(
            oversized_images(contents(*hidden), dockerfile(), WORKLOAD, policy(size_budget_bytes={"orders": 4_000_001}))
        )
        == 1
    )


def _target(budgets: str) -> Target:
    text = f"{SOUND}\n{budgets}"
    return Target(
        directory=Path("/nowhere"), configuration=Configuration.model_validate(tomllib.loads(text)), source=text
    )


BUDGETS = "[policy.containers.size_budget_bytes]\n"


def test_a_target_whose_every_workload_has_a_budget_has_no_finding() -> None:
    assert missing_budgets(_target(f"{BUDGETS}orders = 1\nbilling = 2\nweb = 3\n")) == []


def test_each_workload_without_a_budget_is_a_finding() -> None:
    (finding,) = missing_budgets(_target(f"{BUDGETS}orders = 1\nweb = 3\n"))
    assert finding.message == "no budget is set for the size of billing's image"
    assert finding.location.startswith("exitgate.toml:")
    assert len(missing_budgets(_target(""))) == 3


def test_a_budget_that_no_task_has_room_for_is_a_finding() -> None:
    budgets = f"{BUDGETS}orders = {20 * 1024**3 + 1}\nbilling = {20 * 1024**3}\nweb = 3\n"
    (finding,) = missing_budgets(_target(budgets))
    assert finding.message.startswith("the budget for the size of orders's image is more than a task has room for")
    assert finding.location.startswith("exitgate.toml:")


def test_sizes_are_told_in_megabytes() -> None:
    assert [megabytes(size) for size in (0, 1_500_000, 2_000_000_000)] == ["0.0 MB", "1.5 MB", "2000.0 MB"]
