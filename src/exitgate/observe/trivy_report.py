"""Trivy's reports and CycloneDX documents as typed values: the only reader of either.

Sources: Trivy's JSON report, schema version 2 (``pkg/types/report.go``); CycloneDX 1.x; the purl specification.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from exitgate.errors import ObservationError, one_line

_OF_SYSTEMS = frozenset({"deb", "apk", "rpm"})


class _Section(BaseModel):
    """What is read of a section; Trivy adds keys with every release."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_empty(cls, value: object, info: Any) -> object:
        field = cls.model_fields[info.field_name]
        return field.get_default() if value is None and not field.is_required() else value


class LayerOrigin(_Section):
    """From which layer something is."""

    digest: str = Field(default="", alias="DiffID")
    made_by: str = Field(default="", alias="CreatedBy")


class ReportedPackage(_Section):
    """An installed package."""

    name: str = Field(alias="Name")
    version: str = Field(default="", alias="Version")
    release: str = Field(default="", alias="Release")
    path: str = Field(default="", alias="FilePath")


class ReportedVulnerability(_Section):
    """A vulnerability of a package."""

    id: str = Field(alias="VulnerabilityID")
    title: str = Field(default="", alias="Title")
    package: str = Field(alias="PkgName")
    path: str = Field(default="", alias="PkgPath")
    installed: str = Field(default="", alias="InstalledVersion")
    fixed: str = Field(default="", alias="FixedVersion")
    severity: str = Field(default="", alias="Severity")
    published: datetime.datetime | None = Field(default=None, alias="PublishedDate")


class ReportedSecret(_Section):
    """A secret, its value masked by Trivy itself."""

    rule: str = Field(alias="RuleID")
    title: str = Field(default="", alias="Title")
    line: int = Field(default=0, alias="StartLine")
    excerpt: str = Field(default="", alias="Match")
    layer: LayerOrigin = Field(default=LayerOrigin(), alias="Layer")


class Cause(_Section):
    """Where a misconfiguration stands."""

    line: int = Field(default=0, alias="StartLine")


class ReportedMisconfiguration(_Section):
    """A misconfiguration."""

    id: str = Field(alias="ID")
    message: str = Field(default="", alias="Message")
    severity: str = Field(default="", alias="Severity")
    status: str = Field(default="FAIL", alias="Status")
    resolution: str = Field(default="", alias="Resolution")
    cause: Cause = Field(default=Cause(), alias="CauseMetadata")


class Summary(_Section):
    """How many rules were tried on a file."""

    passed: int = Field(default=0, alias="Successes")
    failed: int = Field(default=0, alias="Failures")


class Result(_Section):
    """What was found of one kind in one place."""

    target: str = Field(default="", alias="Target")
    kind: str = Field(default="", alias="Class")
    format: str = Field(default="", alias="Type")
    packages: tuple[ReportedPackage, ...] = Field(default=(), alias="Packages")
    vulnerabilities: tuple[ReportedVulnerability, ...] = Field(default=(), alias="Vulnerabilities")
    secrets: tuple[ReportedSecret, ...] = Field(default=(), alias="Secrets")
    misconfigurations: tuple[ReportedMisconfiguration, ...] = Field(default=(), alias="Misconfigurations")
    summary: Summary = Field(default=Summary(), alias="MisconfSummary")


class ReportedSystem(_Section):
    """The operating system that Trivy recognised."""

    family: str = Field(default="", alias="Family")
    release: str = Field(default="", alias="Name")
    end_of_life: bool = Field(default=False, alias="EOSL")


class Metadata(_Section):
    """About the image."""

    system: ReportedSystem = Field(default=ReportedSystem(), alias="OS")


class TrivyReport(_Section):
    """A whole report."""

    schema_version: int = Field(alias="SchemaVersion")
    metadata: Metadata = Field(default=Metadata(), alias="Metadata")
    results: tuple[Result, ...] = Field(default=(), alias="Results")


class _Component(_Section):
    purl: str = ""


class _CycloneDx(_Section):
    format: str = Field(alias="bomFormat")
    components: tuple[_Component, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ListedPackage:
    """A package of an SBOM."""

    kind: str
    """The purl type, e.g. ``npm``, ``deb``, ``apk``."""
    name: str
    """With its scope, for npm."""
    version: str
    """With its epoch, for Debian."""


def read_report(content: bytes) -> TrivyReport:
    """Read a JSON report.

    Raises:
        ObservationError: if it is none.
    """
    report = _read(TrivyReport, content, "Trivy's report")
    if report.schema_version != 2:  # noqa: PLR2004
        raise ObservationError(
            "Trivy's report",
            got=f"schema version {report.schema_version}",
            expected="schema version 2",
            action="Install a version of Trivy that writes it.",
        )
    return report


def read_sbom(content: bytes) -> tuple[ListedPackage, ...]:
    """Return the packages of a CycloneDX document that have a purl, sorted, each once.

    Raises:
        ObservationError: if it is none.
    """
    document = _read(_CycloneDx, content, "the SBOM")
    if document.format != "CycloneDX":
        raise ObservationError(
            "the SBOM", got=f"format {document.format}", expected="CycloneDX", action="Run the gate again."
        )
    return tuple(sorted(set(_listed(document))))


def _listed(document: _CycloneDx) -> Iterator[ListedPackage]:
    for component in document.components:
        head, _, tail = component.purl.partition("?")
        kind, slash, rest = head.removeprefix("pkg:").partition("/")
        path, at, version = rest.rpartition("@")
        if not (component.purl.startswith("pkg:") and slash and at):
            continue
        # Of a system's package the namespace is the distribution; of others it is part of the name.
        name = unquote(path.rpartition("/")[2] if kind in _OF_SYSTEMS else path)
        epoch = parse_qs(tail.partition("#")[0]).get("epoch", [""])[0]
        yield ListedPackage(kind=kind, name=name, version=(f"{epoch}:" if epoch else "") + unquote(version))


_Read = TypeVar("_Read", bound=_Section)


def _read(model: type[_Read], content: bytes, subject: str) -> _Read:
    try:
        return model.model_validate(json.loads(content))
    except (ValidationError, ValueError) as error:
        raise ObservationError(
            subject,
            got=f"what can't be read as one: {one_line(str(error), 200)}",
            expected="the format of the versions that exitgate knows",
            action="Install the version of Trivy that is known to work.",
        ) from error
