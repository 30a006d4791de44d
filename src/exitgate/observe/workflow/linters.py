"""What actionlint and zizmor have against workflows. Nothing of the target's softens it: no configuration, no ignore comment.

Sources: https://github.com/rhysd/actionlint/blob/main/docs/usage.md and https://docs.zizmor.sh/usage/
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Observation, Substrate
from exitgate.provision.scanner import ScanTool, run_scanner

_IGNORE = re.compile(r"zizmor:(\s*ignore)")
_TIMEOUT_S = 60.0
_FINDINGS_FROM, _FINDINGS_TO = 11, 14
"""zizmor exits so where it found something, by severity; others are its own failures."""

Severity = Literal["informational", "low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One finding of a linter."""

    path: str
    line: int
    rule: str
    message: str
    severity: Severity
    """actionlint knows none: all of its are high."""
    label: str = ""
    """The label of a runner that actionlint does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint(Observation):
    """What one linter says."""

    findings: tuple[LintFinding, ...]
    paths: tuple[str, ...]
    """Files that it looked at."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _ActionlintError(_Model):
    message: str
    filepath: str
    line: int
    kind: str


class _Determinations(_Model):
    severity: Literal["Unknown", "Informational", "Low", "Medium", "High"]


class _Local(_Model):
    verbatim_path: str


class _Key(_Model):
    Local: _Local | None = None


class _Symbolic(_Model):
    key: _Key
    annotation: str = ""
    kind: str = "Primary"


class _Point(_Model):
    row: int


class _Span(_Model):
    start_point: _Point


class _Concrete(_Model):
    location: _Span


class _Location(_Model):
    symbolic: _Symbolic
    concrete: _Concrete


class _ZizmorFinding(_Model):
    ident: str
    desc: str
    determinations: _Determinations
    locations: tuple[_Location, ...]


_ACTIONLINT: TypeAdapter[list[_ActionlintError]] = TypeAdapter(list[_ActionlintError])
_ZIZMOR: TypeAdapter[list[_ZizmorFinding]] = TypeAdapter(list[_ZizmorFinding])


def read_actionlint(scanner: ScanTool, root: Path, paths: Sequence[str]) -> Lint:
    """Run actionlint on workflows of a clone.

    Raises:
        ObservationError: if it fails, hangs, or says nothing that can be read.
    """
    if not paths:
        return Lint(substrate=_substrate(scanner), paths=(), findings=())
    with tempfile.TemporaryDirectory(prefix="exitgate-lint-") as name:
        empty = Path(name) / "actionlint.yaml"
        empty.write_text("{}\n", encoding="utf-8")
        arguments = ["-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", "-config-file", str(empty)]
        completed = run_scanner(scanner, [*arguments, *(str(root / path) for path in paths)], timeout_s=_TIMEOUT_S)
    if completed.exit_code not in {0, 1}:
        raise _unusable(scanner, f"exit code {completed.exit_code}: {completed.last_words}")
    try:
        errors = _ACTIONLINT.validate_json(completed.stdout)
    except ValidationError as error:
        raise _unusable(scanner, "a report of another form") from error
    by_name = {Path(path).name: path for path in paths}
    return Lint(
        substrate=_substrate(scanner),
        paths=tuple(paths),
        findings=tuple(
            LintFinding(
                path=by_name.get(Path(each.filepath).name, each.filepath),
                line=each.line,
                rule=each.kind,
                message=one_line(each.message.split(". available labels", maxsplit=1)[0], 200),
                severity="high",
                label=next(iter(re.findall(r'label "([^"]+)"', each.message)), "")
                if each.kind == "runner-label"
                else "",
            )
            for each in errors
        ),
    )


def read_zizmor(scanner: ScanTool, root: Path, paths: Sequence[str]) -> Lint:
    """Run zizmor, offline, on copies of a clone's workflows whose ignore comments say nothing any more.

    Raises:
        ObservationError: if it fails, hangs, or says nothing that can be read.
    """
    if not paths:
        return Lint(substrate=_substrate(scanner), paths=(), findings=())
    with tempfile.TemporaryDirectory(prefix="exitgate-lint-") as name:
        folder = Path(name)
        for path in paths:
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_IGNORE.sub(r"zizmor.\1", (root / path).read_text(encoding="utf-8")), encoding="utf-8")
        arguments = ["--offline", "--no-config", "--no-progress", "--quiet", "--format", "json-v1"]
        completed = run_scanner(scanner, [*arguments, *(str(folder / path) for path in paths)], timeout_s=_TIMEOUT_S)
        if completed.exit_code and not _FINDINGS_FROM <= completed.exit_code <= _FINDINGS_TO:
            raise _unusable(scanner, f"exit code {completed.exit_code}: {completed.last_words}")
        try:
            found = _ZIZMOR.validate_json(completed.stdout)
        except ValidationError as error:
            raise _unusable(scanner, "a report of another form") from error
        return Lint(
            substrate=_substrate(scanner),
            paths=tuple(paths),
            findings=tuple(_of_zizmor(each, folder) for each in found),
        )


def _of_zizmor(found: _ZizmorFinding, folder: Path) -> LintFinding:
    primary = next((each for each in found.locations if each.symbolic.kind == "Primary"), None)
    local = primary.symbolic.key.Local if primary else None
    # What has no severity is taken for the worst until somebody knows.
    severities: dict[str, Severity] = {
        "Informational": "informational",
        "Low": "low",
        "Medium": "medium",
        "High": "high",
    }
    return LintFinding(
        path=local.verbatim_path.removeprefix(f"{folder}/") if local else "",
        line=primary.concrete.location.start_point.row + 1 if primary else 1,
        rule=found.ident,
        message=one_line(f"{found.desc}: {primary.symbolic.annotation}" if primary else found.desc, 200),
        severity=severities.get(found.determinations.severity, "high"),
    )


def _substrate(scanner: ScanTool) -> Substrate:
    name = f"{scanner.name} {scanner.version}"
    return Substrate(assurance=Assurance.DECLARED, name=name, tools=(scanner.tool,))


def _unusable(scanner: ScanTool, got: str) -> ObservationError:
    action = "Run it by hand on the workflows to see more."
    return ObservationError(scanner.name, got=one_line(got, 200), expected="a report", action=action)
