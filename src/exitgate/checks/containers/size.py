"""The size of images against the budgets that the target gave itself."""

from __future__ import annotations

from exitgate.checks.containers.origin import made_at
from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.policy import ContainerPolicy
from exitgate.target import Target, Workload

_NAMED_LAYERS, _NAMED_FILES = 3, 5
_ROOM_BYTES = 20 * 1024**3
"""The storage that a task of ECS on Fargate has unless it asks for more, its images included ("Fargate task ephemeral storage")."""


def missing_budgets(target: Target) -> list[Finding]:
    """Name each workload for whose image nobody set a budget, and each budget that no image could exceed and still run."""
    policy = target.policy.containers
    budgets = policy.size_budget_bytes if policy else {}
    findings = [
        Finding(
            location=target.locate("policy", "containers", "size_budget_bytes"),
            message=f"no budget is set for the size of {workload.name}'s image",
            expected=f"{workload.name} = a number of bytes in [policy.containers.size_budget_bytes]",
            got="none",
            remedy="Measure the image, give it a budget somewhat above that, and write it down.",
        )
        for workload in target.workloads
        if workload.name not in budgets
    ]
    return findings + [
        Finding(
            location=target.locate("policy", "containers", "size_budget_bytes", name),
            message=f"the budget for the size of {name}'s image is more than a task has room for, and so limits nothing",
            expected=f"at most {megabytes(_ROOM_BYTES)}",
            got=megabytes(budget),
            remedy="Measure the image, and give it a budget somewhat above that.",
        )
        for name, budget in budgets.items()
        if budget > _ROOM_BYTES
    ]


def oversized_images(
    contents: ImageContents, dockerfile: Dockerfile, workload: Workload, policy: ContainerPolicy
) -> list[Finding]:
    """Say by how much an image is over its budget, with its largest layers and files."""
    budget = policy.size_budget_bytes.get(workload.name)
    if budget is None or contents.size_bytes <= budget:
        return []
    layers = sorted(contents.layers, key=lambda layer: layer.size_bytes, reverse=True)[:_NAMED_LAYERS]
    files = sorted(contents.entries.values(), key=lambda each: each[0].size_bytes, reverse=True)[:_NAMED_FILES]
    weighed = "; ".join(
        f"{megabytes(layer.size_bytes)} {made_at(layer, contents.layers, dockerfile, workload.stage)}"
        for layer in layers
    )
    largest = ", ".join(f"{entry.path} {megabytes(entry.size_bytes)}" for entry, _ in files)
    return [
        Finding(
            location=dockerfile.locate("FROM", workload.stage),
            message=f"the image of {workload.name} is over its budget by {megabytes(contents.size_bytes - budget)}",
            expected=f"at most {megabytes(budget)}",
            got=f"{megabytes(contents.size_bytes)}, about {megabytes(contents.compressed_bytes)} to pull; largest layers: "
            f"{weighed}; largest files: {largest}",
            remedy="Leave out of the final stage what does not run, or raise the budget in a reviewed change.",
        )
    ]


def megabytes(size_bytes: int) -> str:
    """Return a size in megabytes (10^6 bytes), as image sizes are usually told."""
    return f"{size_bytes / 1e6:.1f} MB"
