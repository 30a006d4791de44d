"""The secrets that the scanner finds in an image: in files of any layer, in environment variables, in the build history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.observation import Observation, Substrate
from exitgate.observe.trivy_report import ReportedSecret, TrivyReport, read_report
from exitgate.provision.scanner import OFFLINE, ScanTool, run_trivy

_LIMIT = "the scanner looks for secrets neither in node_modules nor in binary files"
_CONFIGURATION = "disable-allow-rules: [tests, examples, vendor, markdown, usr-dirs, locale-dir]\n"
"""Trivy looks away where repositories hold made-up secrets; an image has no such places: what is in it was delivered."""
_MASKED_VARIABLE = re.compile(r"([A-Za-z_]\w*)=\*+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Secret:
    """A secret; its value is nowhere kept."""

    path: str
    """Absolute in the image; empty where it stands in the image's configuration: environment or history."""
    line: int
    """Of that file, 1-based."""
    rule: str
    title: str
    """What kind of secret, in the scanner's words."""
    layer: str
    """The digest of the layer that holds the file."""
    made_by: str
    """The builder's word for what made that layer."""
    variables: tuple[str, ...]
    """Names that stand before the masked values, for what is in the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretScan(Observation):
    """The secrets of an image."""

    image: str
    secrets: tuple[Secret, ...]
    """Sorted, each once."""


def read_secrets(scanner: ScanTool, archive: Path, folder: Path, substrate: Substrate, *, workload: str) -> SecretScan:
    """Look for secrets in an image that an engine saved; needs no vulnerability database.

    Raises:
        ObservationError: if Trivy fails, or says what can't be read.
    """
    configuration = folder / "trivy-secret.yaml"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    arguments = (
        "--secret-config",
        str(configuration),
        "--cache-dir",
        str(folder / "cache"),
        "--cache-backend",
        "memory",
        *OFFLINE,
        "--format",
        "json",
    )
    report = read_report(
        run_trivy(
            scanner,
            "image",
            archive,
            folder / f"{workload}.secrets.json",
            *("--scanners", "secret", "--image-config-scanners", "secret", *arguments),
            option="--input",
        )
    )
    return SecretScan(
        substrate=replace(
            substrate,
            name=f"scan by Trivy {scanner.version}",
            limits=(*substrate.limits, _LIMIT),
            tools=(*substrate.tools, scanner.tool),
        ),
        image=f"image of {workload}",
        secrets=tuple(sorted(set(_secrets(report, str(archive))))),
    )


def _secrets(report: TrivyReport, archive: str) -> Iterator[Secret]:
    for result in report.results:
        for each in result.secrets:
            yield _in_configuration(each) if result.target == archive else _in_file(each, result.target)


def _in_file(each: ReportedSecret, path: str) -> Secret:
    return Secret(
        path=f"/{path.lstrip('/')}",
        line=each.line,
        rule=each.rule,
        title=each.title,
        layer=each.layer.digest,
        made_by=each.layer.made_by,
        variables=(),
    )


def _in_configuration(each: ReportedSecret) -> Secret:
    # The line is that of a document of Trivy's own making, and the same secret stands in it twice: as it is set, and as history.
    names = tuple(sorted(set(_MASKED_VARIABLE.findall(each.excerpt))))
    return Secret(path="", line=0, rule=each.rule, title=each.title, layer="", made_by="", variables=names)
