"""``[policy.containers]``: what images may be made of and hold, and who their processes may run as (task 3.2)."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from exitgate.policy.rule import Count, Flag, Rule, Text, contradiction, refuse_doubles

_LARGEST_ID = 2**32 - 2
_Id = Annotated[int, Field(ge=0, le=_LARGEST_ID)]
_Capability = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]
_Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
_Repository = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/:-]*[a-z0-9]$")]
Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""From the mildest on, as scanners rank them."""


class IdRange(Rule):
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


class BaseImage(Rule):
    """``[[policy.containers.base_image]]``: an image that a deployed stage may start from (3.2.A.1)."""

    repository: _Repository
    """As FROM names it, without tag and digest, e.g. ``gcr.io/distroless/nodejs22-debian12``."""
    tag: Text
    """The tags that may stand before the digest; ``*`` is any part of one. Builders heed the digest alone, readers the tag."""
    digests: Annotated[tuple[_Digest, ...], Field(min_length=1)]
    """The reviewed contents. A tag can be moved to other content after its review; a digest can't (OCI image specification)."""

    def has_tag(self, tag: str) -> bool:
        """Say whether a tag may stand before the digest."""
        return fnmatchcase(tag, self.tag)

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse_doubles(self.digests, "digests")
        return self


class AllowedContent(Rule):
    """``[[policy.containers.allow_content]]``: build material that an image may hold all the same (3.2.B.1.2)."""

    workload: Text
    """Whose image."""
    path: Annotated[str, Field(pattern=r"^/[^/*?\[]+(/|$)")]
    """Absolute path in the image; ``*`` is any part of it, slashes included, but for the first folder: that stands as it is."""
    reason: Text
    """Why the running workload needs it."""


class AllowedVariable(Rule):
    """``[[policy.containers.allow_environment]]``: code that a variable may load into the process all the same (3.2.B.1.2)."""

    workload: Text
    """Whose."""
    name: Literal["NODE_OPTIONS", "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "JAVA_TOOL_OPTIONS"]
    """The variable. Debuggers that one of these opens are found all the same."""
    value: Annotated[str, Field(pattern=r"^[^*\s][^*]{2}")]
    """The whole value; ``*`` is any part of it without blanks, colons and commas, but for the first three characters."""
    reason: Text
    """What it loads, and why the running workload needs it."""

    def allows(self, name: str, value: str) -> bool:
        """Say whether a variable may have that value."""
        pattern = re.escape(self.value).replace(r"\*", r"[^\s:,;]*")
        return name == self.name and re.fullmatch(pattern, value) is not None


class VulnerabilityPolicy(Rule):
    """``[policy.containers.vulnerabilities]``: which findings of the scanner fail the gate, and when (3.2.C.2)."""

    max_age_days: Annotated[dict[Severity, Annotated[int, Field(strict=True, ge=0)]], Field(min_length=1)]
    """Days since publication for which a vulnerability of that severity may stand. Severities left out are not judged; the gate
    wants critical at 30 or less and high at 90 or less."""
    misconfiguration_severity: Severity
    """The mildest misconfiguration of Dockerfile or image that fails the gate; the gate wants high or milder."""
    database_max_age_hours: Count
    """Hours. What an older vulnerability database does not find says nothing; Trivy's is made anew every 6 hours. The gate wants
    168 or less."""

    @model_validator(mode="after")
    def _the_worse_the_sooner(self) -> Self:
        longest, milder = None, ""
        for severity in SEVERITIES:
            days = self.max_age_days.get(severity)
            if days is None:
                if milder:
                    raise contradiction(
                        f"a limit for {milder} and none for {severity}",
                        "one for every severity above the mildest that has one",
                        "max_age_days",
                    )
                continue
            if longest is not None and days > longest:
                raise contradiction(
                    f"{severity} may stand for {days} days, {milder} for {longest}",
                    f"at most {longest} days for {severity}",
                    "max_age_days",
                )
            longest, milder = days, severity
        return self

    @property
    def severity(self) -> Severity:
        """The mildest severity that is judged."""
        return min(self.max_age_days, key=SEVERITIES.index)


class ContainerPolicy(Rule):
    """``[policy.containers]``: what images may be made of and hold, and who their processes may run as."""

    uid_range: IdRange
    """The user ids that a process of a workload may have (3.2.A.2). Below 10000 one may be an account of the host."""
    gid_range: IdRange
    """The group ids, supplementary groups included (3.2.A.2)."""
    allow_setuid: tuple[str, ...] = ()
    """Absolute paths of setuid or setgid files, or files with capabilities, that images may hold (3.2.A.2)."""
    allow_capabilities: tuple[_Capability, ...] = ()
    """Linux capabilities, without ``CAP_``, that a workload may keep (3.2.A.2); see capabilities(7)."""
    base_image: tuple[BaseImage, ...] = ()
    """The images that deployed stages may start from; where there is none, none was ever reviewed (3.2.A.1)."""
    size_budget_bytes: dict[str, Count] = Field(default={})
    """Workload to the bytes that its image may have, unpacked, as `docker image inspect` says its size (3.2.A.3)."""
    allow_content: tuple[AllowedContent, ...] = ()
    """What else images may hold of compilers, package managers and the like (3.2.B.1.2)."""
    allow_environment: tuple[AllowedVariable, ...] = ()
    """Variables that may load code into a workload's process, e.g. an agent that traces it (3.2.B.1.2)."""
    refuse_shells: Flag = False
    """Whether an image that holds a shell is a finding (3.2.B.1.2). Most official images have one; distroless ones don't."""
    vulnerabilities: VulnerabilityPolicy | None = None

    @field_validator("allow_setuid")
    @classmethod
    def _absolute(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not path.startswith("/"):
                raise ValueError(f"{path!r} is not an absolute path inside the image")
        return paths

    @field_validator("allow_capabilities")
    @classmethod
    def _without_prefix(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name.startswith("CAP_"):
                raise ValueError(
                    f"capabilities without CAP_: {name.removeprefix('CAP_')}, as task definitions name them"
                )
        return names

    @model_validator(mode="after")
    def _each_repository_once(self) -> Self:
        refuse_doubles((image.repository for image in self.base_image), "base_image")
        return self
