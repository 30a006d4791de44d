"""Dimension A of the plan as data: what the target's own rules are, and a digest of them."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, NewType, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from exitgate.assurance import Assurance

PolicyDigest = NewType("PolicyDigest", str)

_LARGEST_ID = 2**32 - 2
_Id = Annotated[int, Field(ge=0, le=_LARGEST_ID)]
_Capability = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IdRange(_Strict):
    """User or group ids, both ends included; written as ``[first, last]``."""

    first: _Id
    last: _Id

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            if len(value) != 2:  # noqa: PLR2004
                raise ValueError("a range has two ends, like [10000, 65535]")
            return {"first": value[0], "last": value[1]}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.last:
            raise ValueError("a range goes from the lower id to the higher, like [10000, 65535]")
        return self

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class ContainerPolicy(_Strict):
    """``[policy.containers]``: who a container may run as, and with what privileges."""

    uid_range: IdRange
    """The user ids that a process of a workload may have."""
    gid_range: IdRange
    """The group ids, supplementary groups included."""
    allow_setuid: tuple[str, ...] = ()
    """Absolute paths of setuid or setgid files, or files with capabilities, that images may hold."""
    allow_capabilities: tuple[_Capability, ...] = ()
    """Linux capabilities, without ``CAP_``, that a workload may keep."""

    @field_validator("allow_setuid")
    @classmethod
    def _absolute(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not path.startswith("/"):
                raise ValueError(f"{path!r} is not an absolute path inside the image")
        return paths


class Policy(_Strict):
    """``[policy]``: the target's rules. A part that is absent is a rule that was never made."""

    containers: ContainerPolicy | None = None
    assurance: dict[str, str] = {}
    """Control id to the level that the target demands of it, never below the catalogue's own."""

    @field_validator("assurance")
    @classmethod
    def _levels(cls, levels: dict[str, str]) -> dict[str, str]:
        for level in levels.values():
            Assurance.parse(level)
        return levels


def digest_of(*parts: BaseModel) -> PolicyDigest:
    """Return ``sha256:…`` over the canonical JSON of the given rules, equal for equal rules whatever their layout."""
    canonical = json.dumps(
        [part.model_dump(mode="json") for part in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return PolicyDigest("sha256:" + hashlib.sha256(canonical.encode()).hexdigest())
