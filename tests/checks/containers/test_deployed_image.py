"""Rules on which image production is told to run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.checks.containers import images_from_elsewhere
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.deployed_image import DeployedImage, read_deployed_image
from exitgate.target import Workload

from .builders import SUBSTRATE, task

REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/orders"


def judge(named: str, repository: str = REPOSITORY) -> list[Finding]:
    return images_from_elsewhere(
        DeployedImage(
            substrate=SUBSTRATE, named=named, repository=repository, location="task.json:7", noun="task definition"
        )
    )


@pytest.mark.parametrize(
    ("named", "repository"),
    [
        (REPOSITORY, REPOSITORY),
        (f"{REPOSITORY}:1.2.3", REPOSITORY),
        (f"{REPOSITORY}@sha256:{'0' * 64}", REPOSITORY),
        (f"{REPOSITORY}:${{TAG}}", REPOSITORY),
        ("docker.io/shop/orders:1", "shop/orders"),
        ("anything", ""),
        ("", ""),
    ],
)
def test_an_image_of_the_workloads_own_repository_is_no_finding(named: str, repository: str) -> None:
    assert judge(named, repository) == []


@pytest.mark.parametrize("named", [f"{REPOSITORY}-old:1", "nginx", "PLACEHOLDER IMAGE", f"ghcr.io/{REPOSITORY}", ""])
def test_an_image_of_another_repository_is_a_finding(named: str) -> None:
    (finding,) = judge(named)
    assert (finding.location, finding.got) == ("task.json:7", named or "no image")
    assert finding.message.startswith("the task definition has production run another image")


def test_a_repository_that_a_variable_decides_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="of which a variable decides"):
        judge("${REGISTRY}/shop/orders:1")


def test_a_workload_without_a_repository_has_a_limit_that_says_so() -> None:
    orders = Workload(name="orders", path="a", dockerfile="d", port=1, task_definition="t", repository=REPOSITORY)
    named = replace(task(), image="shop/orders:1")
    told = read_deployed_image(named, orders)
    assert (told.named, told.repository, told.substrate.limits) == ("shop/orders:1", REPOSITORY, ())
    untold = read_deployed_image(named, orders.model_copy(update={"repository": None}))
    assert untold.substrate.limits[0].startswith("exitgate.toml gives no `repository` for orders")
