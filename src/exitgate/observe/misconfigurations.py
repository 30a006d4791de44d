"""What the scanners have against a Dockerfile and against the image that came of it; suppressions are listed and not obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from exitgate.dockerfile import Dockerfile
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Observation, Substrate
from exitgate.observe.suppressions import Suppression, disarmed, ignore_files, suppressions_in
from exitgate.observe.trivy_report import TrivyReport, read_report
from exitgate.policy.containers import Severity
from exitgate.provision.scanner import ScanTool, run_hadolint, run_trivy

_OF_TEXT, _OF_IMAGE = "Dockerfile", "image.Dockerfile"
_HADOLINT_LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium", "info": "low", "style": "low"}
SEVERITY_OF: dict[str, Severity] = {"low": "low", "medium": "medium", "high": "high", "critical": "critical"}
_DECIDED_BY_THE_IMAGE = {"DS-0002": "USER", "DS-0026": "HEALTHCHECK", "DL3002": "USER"}
"""Rules on what only the image shows: it may have it of its base, and root in a build stage is nobody's. With the instruction."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Misconfiguration:
    """What a scanner has against a Dockerfile or an image."""

    location: str
    """``file:line`` of the target."""
    rule: str
    """E.g. ``DS-0005`` of Trivy, ``DL3008`` of hadolint."""
    severity: Severity
    """hadolint's errors are high, its warnings medium, the rest low; what has no severity is critical until somebody knows."""
    message: str
    remedy: str
    """Empty where the scanner gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconfigurations(Observation):
    """What the scanners have against a workload's Dockerfile and image."""

    found: tuple[Misconfiguration, ...]
    rules_tried: int
    """By Trivy, on both."""
    suppressions: tuple[Suppression, ...]


class _HadolintEntry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    level: str
    line: int
    message: str


def read_misconfigurations(
    scanner: ScanTool,
    linter: ScanTool,
    root: Path,
    dockerfile: Dockerfile,
    stage: str | None,
    configuration: dict[str, Any],
    folder: Path,
    substrate: Substrate,
) -> Misconfigurations:
    """Have both scanners look at a Dockerfile, and Trivy at what its image says of itself.

    Args:
        root: Of the target.
        configuration: The image's own, as its engine tells it.
        folder: A throwaway one; made if it is not there.

    Raises:
        ObservationError: if a scanner fails, says what can't be read, or did not look.
    """
    text = (root / dockerfile.path).read_text(encoding="utf-8")
    suppressions = [*suppressions_in(dockerfile.path, text), *ignore_files(root)]
    plain = disarmed(text)
    scanned = folder / "dockerfiles"
    scanned.mkdir(parents=True, exist_ok=True)
    (scanned / _OF_TEXT).write_text(plain, encoding="utf-8")
    of_image = _as_dockerfile(configuration)
    (scanned / _OF_IMAGE).write_text("\n".join(of_image) + "\n", encoding="utf-8")
    output = folder / "misconfigurations.json"
    arguments = ("--cache-dir", str(folder / "cache"), "--skip-check-update", "--format", "json")
    report = read_report(run_trivy(scanner, "config", scanned, output, *arguments))
    found = {
        *_of_text(report, dockerfile),
        *_of_image(report, dockerfile, stage, of_image),
        *_of_linter(run_hadolint(linter, plain.encode()), dockerfile),
    }
    return Misconfigurations(
        substrate=replace(
            substrate,
            name=f"scan by Trivy {scanner.version} and hadolint {linter.version}",
            limits=(*substrate.limits, *(f"{each.location} is not obeyed: {each.text}" for each in suppressions)),
            tools=(*substrate.tools, scanner.tool, linter.tool),
        ),
        found=tuple(sorted(found)),
        rules_tried=_rules_tried(report),
        suppressions=tuple(sorted(suppressions)),
    )


def _rules_tried(report: TrivyReport) -> int:
    tried = {each.target: each.summary.passed + each.summary.failed for each in report.results}
    for name in (_OF_TEXT, _OF_IMAGE):
        if not tried.get(name):
            raise ObservationError(
                f"trivy config {name}",
                got="not one rule was tried on it",
                expected="a Dockerfile that is recognised and looked at",
                action="Check with `trivy config` that it can be parsed.",
            )
    return sum(tried.values())


def _of_text(report: TrivyReport, dockerfile: Dockerfile) -> Iterator[Misconfiguration]:
    for result in report.results:
        for each in result.misconfigurations if result.target == _OF_TEXT else ():
            if each.status == "FAIL" and each.id not in _DECIDED_BY_THE_IMAGE:
                yield Misconfiguration(
                    location=f"{dockerfile.path}:{each.cause.line or 1}",
                    rule=each.id,
                    severity=SEVERITY_OF.get(each.severity.lower(), "critical"),
                    message=one_line(each.message),
                    remedy=one_line(each.resolution),
                )


def _of_image(
    report: TrivyReport, dockerfile: Dockerfile, stage: str | None, of_image: list[str]
) -> Iterator[Misconfiguration]:
    for result in report.results:
        for each in result.misconfigurations if result.target == _OF_IMAGE else ():
            line = of_image[each.cause.line - 1] if each.cause.line else ""
            instruction = _DECIDED_BY_THE_IMAGE.get(each.id) or line.partition(" ")[0] or "FROM"
            if each.status == "FAIL":
                yield Misconfiguration(
                    location=_locate(dockerfile, stage, instruction, line),
                    rule=each.id,
                    severity=SEVERITY_OF.get(each.severity.lower(), "critical"),
                    message=one_line(each.message),
                    remedy=one_line(each.resolution),
                )


def _locate(dockerfile: Dockerfile, stage: str | None, instruction: str, line: str) -> str:
    """Return where the deployed stage has what became a line of the image's configuration; its FROM where the base brought it."""
    name = line.partition(" ")[2].partition("=")[0]
    for each in dockerfile.deployed(stage) if instruction == "ENV" else ():
        if each.name == "ENV" and re.search(rf"\b{re.escape(name)}\b", each.value):
            return f"{dockerfile.path}:{each.line}"
    return dockerfile.locate("FROM" if instruction == "ENV" else instruction, stage)


def _of_linter(report: bytes, dockerfile: Dockerfile) -> Iterator[Misconfiguration]:
    try:
        entries = TypeAdapter(tuple[_HadolintEntry, ...]).validate_json(report)
    except ValidationError as error:
        raise ObservationError(
            "hadolint's report",
            got=f"what can't be read as one: {one_line(str(error), 160)}",
            expected="the format of the versions that exitgate knows",
            action="Install the version of hadolint that is known to work.",
        ) from error
    for each in entries:
        if each.code in _DECIDED_BY_THE_IMAGE:
            continue
        yield Misconfiguration(
            location=f"{dockerfile.path}:{each.line}",
            rule=each.code,
            severity=_HADOLINT_LEVELS.get(each.level, "critical"),
            message=one_line(each.message),
            remedy="",
        )


def _as_dockerfile(configuration: dict[str, Any]) -> list[str]:
    """Return what an image says of itself as instructions, the form in which scanners judge it."""
    lines = ["FROM scratch"]
    for pair in configuration.get("Env") or ():
        name, _, value = str(pair).partition("=")
        lines.append(f"ENV {name}={json.dumps(value)}")
    lines += [f"EXPOSE {port}" for port in sorted(configuration.get("ExposedPorts") or ())]
    user = str(configuration.get("User") or "")
    # Trivy (0.76) knows root by its name alone.
    lines += [f"USER {'root' if user.partition(':')[0].strip('0') == '' else user}"] if user else []
    test = (configuration.get("Healthcheck") or {}).get("Test") or ()
    lines += [f"HEALTHCHECK CMD {json.dumps(list(test[1:]))}"] if len(test) > 1 else []
    for name in ("Entrypoint", "Cmd"):
        if words := configuration.get(name):
            lines.append(f"{name.upper()} {json.dumps(words)}")
    return lines
