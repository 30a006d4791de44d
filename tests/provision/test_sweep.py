"""What a sweep takes for leftovers and for cached images, by what an engine lists."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from exitgate.provision.engine import Engine
from exitgate.provision.ownership import OWNER_LABEL, RUN_LABEL
from exitgate.provision.substitutes import CACHE_LABEL
from exitgate.provision.sweep import cached_images, of_run

IMAGES = [
    {"Id": "sha256:1", "RepoTags": ["exitgate-substitute:node"], "Labels": {CACHE_LABEL: "substitute"}},
    {"Id": "sha256:2", "RepoTags": ["exitgate-r:web"], "Labels": {CACHE_LABEL: "substitute", RUN_LABEL: "r", OWNER_LABEL: "o"}},
    {"Id": "sha256:3", "RepoTags": None, "Labels": {RUN_LABEL: "r"}},
    {"Id": "sha256:4", "RepoTags": ["somebody:else"], "Labels": None},
]  # fmt: skip


def engine() -> Engine:
    def images(filters: dict[str, str]) -> list[dict[str, Any]]:
        return [image for image in IMAGES if filters["label"] in (image["Labels"] or {})]  # type: ignore[operator]

    nothing = SimpleNamespace(list=lambda **_: [])
    client: Any = SimpleNamespace(
        api=SimpleNamespace(images=images), containers=nothing, networks=nothing, volumes=nothing
    )
    return Engine(client=client, address="unix:///x", version="28", local=True)


def test_an_image_built_on_a_cached_one_belongs_to_its_run_and_not_to_the_cache() -> None:
    assert [each.name for each in cached_images(engine())] == ["exitgate-substitute:node"]


def test_images_of_a_run_are_found_with_or_without_a_name() -> None:
    assert [each.name for each in of_run(engine(), "r") if each.kind == "image"] == ["exitgate-r:web", "sha256:3"]
