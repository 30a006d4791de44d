"""What became of one check about one subject; crosses from worker to controller, and into the record, as JSON."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_serializer, field_validator

from exitgate.assurance import Assurance
from exitgate.finding import Finding, storable
from exitgate.pictures import Picture
from exitgate.provenance import Evidence, Tool


class Status(enum.StrEnum):
    """The outcome of a check, a control or a requirement."""

    MET = "met"
    NOT_MET = "not_met"
    ERROR = "error"
    NOT_ASSESSED = "not_assessed"
    WAIVED = "waived"
    """A *not met* that a valid waiver covers."""
    NOT_APPLICABLE = "not_applicable"

    @property
    def words(self) -> str:
        """The status as people read it, e.g. ``not met``."""
        return self.value.replace("_", " ")


SEVERITY = (
    Status.NOT_APPLICABLE,
    Status.MET,
    Status.WAIVED,
    Status.NOT_ASSESSED,
    Status.ERROR,
    Status.NOT_MET,
)
"""From the best status to the worst; a control is the worst of its checks."""


def worst(statuses: list[Status]) -> Status:
    """Return the worst of at least one status."""
    return max(statuses, key=SEVERITY.index)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Frozen):
    """Which check of which control, about which subject. Everything is keyed on this, never on a pytest node id."""

    control: str
    check: str
    subject: str

    def __str__(self) -> str:
        return f"{self.control} {self.check} · {self.subject}"


class Outcome(_Frozen):
    """What became of one check about one subject."""

    key: Key
    status: Status
    assurance: Assurance | None = None
    """How it was seen; nothing where it was not seen at all."""
    message: Annotated[str, BeforeValidator(storable)] = ""
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    duration_s: float = 0.0
    substrate: str = ""
    """On what it was seen, e.g. the container engine and its version."""
    limits: tuple[str, ...] = ()
    """What this way of seeing can't show."""
    substitutes: tuple[str, ...] = ()
    """What stood in for the real thing; makes the run a rehearsal."""
    tools: tuple[Tool, ...] = ()
    images: tuple[str, ...] = ()
    """Digests of the images of its subject that it was made on."""
    pictures: tuple[Picture, ...] = ()
    """What a report may draw of what was seen."""

    @field_serializer("assurance")
    def _level_to_label(self, level: Assurance | None) -> str | None:
        return level.label if level else None

    @field_validator("assurance", mode="before")
    @classmethod
    def _label_to_level(cls, value: object) -> object:
        return Assurance.parse(value) if isinstance(value, str) else value
