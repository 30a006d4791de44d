"""Dimension A of the plan as data: what the target's own rules are, one module a task, and a digest of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import NewType

from pydantic import BaseModel, Field, field_validator

from exitgate.assurance import Assurance
from exitgate.policy.containers import AllowedContent, AllowedVariable, ContainerPolicy, IdRange, VulnerabilityPolicy
from exitgate.policy.deployments import DeploymentPolicy
from exitgate.policy.infrastructure import InfrastructurePolicy
from exitgate.policy.migrations import LockPolicy, MigrationPolicy, Squash
from exitgate.policy.pipeline import PipelinePolicy
from exitgate.policy.prerequisites import PrerequisitePolicy
from exitgate.policy.release import ReleasePolicy
from exitgate.policy.rule import NamedSubject, Rule
from exitgate.policy.waivers import WaiverPolicy

__all__ = [
    "ContainerPolicy",
    "DeploymentPolicy",
    "IdRange",
    "InfrastructurePolicy",
    "LockPolicy",
    "MigrationPolicy",
    "NamedSubject",
    "PipelinePolicy",
    "Policy",
    "PolicyDigest",
    "PrerequisitePolicy",
    "ReleasePolicy",
    "Squash",
    "VulnerabilityPolicy",
    "WaiverPolicy",
    "digest_of",
]

PolicyDigest = NewType("PolicyDigest", str)


class Policy(Rule):
    """``[policy]``: the target's rules. A part that is absent is a rule that was never made."""

    pipeline: PipelinePolicy | None = None
    containers: ContainerPolicy | None = None
    infrastructure: InfrastructurePolicy | None = None
    migrations: MigrationPolicy | None = None
    deployments: DeploymentPolicy | None = None
    prerequisites: PrerequisitePolicy | None = None
    release: ReleasePolicy | None = None
    waivers: WaiverPolicy | None = None
    assurance: dict[str, str] = Field(default={})
    """Control id to the level that the target demands of it, never below the catalogue's own."""

    @field_validator("assurance")
    @classmethod
    def _levels(cls, levels: dict[str, str]) -> dict[str, str]:
        for level in levels.values():
            Assurance.parse(level)
        return levels

    def named_subjects(self) -> Iterator[NamedSubject]:
        """Yield every service and workload that a rule speaks of, with where it does."""
        if containers := self.containers:
            for name in containers.size_budget_bytes:
                yield _workload(name, "containers", "size_budget_bytes", name)
            yield from _excused("allow_content", containers.allow_content)
            yield from _excused("allow_environment", containers.allow_environment)
        if infrastructure := self.infrastructure:
            for name in infrastructure.exposed:
                yield _workload(name, "infrastructure", "exposed")
            for index, need in enumerate(infrastructure.need):
                yield _workload(need.workload, "infrastructure", "need", index, "workload")
        if self.migrations:
            yield from self.migrations.named_subjects()


def _excused(key: str, rules: tuple[AllowedContent | AllowedVariable, ...]) -> Iterator[NamedSubject]:
    for index, rule in enumerate(rules):
        yield _workload(rule.workload, "containers", key, index, "workload")


def _workload(name: str, *location: str | int) -> NamedSubject:
    return NamedSubject(kind="workload", name=name, location=("policy", *location))


def digest_of(*parts: BaseModel) -> PolicyDigest:
    """Return ``sha256:…`` over the canonical JSON of the given rules, equal for equal rules whatever their layout."""
    canonical = json.dumps(
        [part.model_dump(mode="json") for part in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return PolicyDigest("sha256:" + hashlib.sha256(canonical.encode()).hexdigest())
