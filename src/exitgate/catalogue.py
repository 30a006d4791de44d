"""Gates, criteria, controls and their checks: the only reader of ``gate.toml``."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.assurance import Assurance
from exitgate.errors import CatalogueError
from exitgate.shipped import CATALOGUE_FILE
from exitgate.toml_source import first_problem

ControlId = NewType("ControlId", str)
Given = Literal["github-repository"]
"""What a run may be given, beside its target, to be seen live; a check that needs it is left alone by a run that has none."""

GATE_ITSELF = "gate"
"""The criterion of requirements that belong to the gate as a whole."""


class SubjectKind(enum.StrEnum):
    """What a check is made about."""

    TARGET = "target"
    SERVICE = "service"
    FRONTEND = "frontend"
    WORKLOAD = "workload"
    """Each container that the target deploys: its services, and the front ends that have an image of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One observable statement about each subject of a kind."""

    id: str
    subject: SubjectKind
    needs: Assurance
    says: str
    """The auditor's sentence: what is true when the check is met."""
    dear: bool = False
    """Whether it takes minutes. The proof that other checks can fail leaves it out."""
    thorough: bool = False
    """Whether a run leaves it to ``--every-check`` and ``--thorough``, so that it is not assessed without one of them. Dear too."""
    given: Given | None = None
    """What the check looks at that no target holds: a run that is not given it, and whose target's rules demand no such level of
    the control, does not owe the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One step of the delivery plan; or, with dimension ``R``, a requirement of the gate beside the steps."""

    id: ControlId
    criterion: str
    dimension: Literal["A", "B", "C", "R"]
    title: str
    rationale: str
    remediation: str
    checks: tuple[Check, ...]

    @property
    def needs(self) -> Assurance:
        """The highest level that one of the checks needs that every run owes."""
        return max(check.needs for check in self.checks if check.given is None)

    def owed(self, given: Collection[Given], demanded: Assurance | None) -> tuple[Check, ...]:
        """Return the checks that a run owes.

        Args:
            given: What the run was given beside its target.
            demanded: The level that the target's rules demand of this control, where they do.
        """
        return tuple(
            check
            for check in self.checks
            if check.given is None or check.given in given or (demanded is not None and demanded >= check.needs)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """An exit criterion: one pytest module."""

    id: str
    task: str
    title: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate with everything that is asked at it, in plan order."""

    id: str
    title: str
    summary: str
    directory: Path
    criteria: tuple[Criterion, ...]
    controls: tuple[Control, ...]
    requirements: tuple[Control, ...]

    @property
    def everything(self) -> tuple[Control, ...]:
        """Controls, then requirements."""
        return self.controls + self.requirements

    def control(self, control_id: str) -> Control:
        """Return a control or requirement by its id.

        Raises:
            CatalogueError: if the gate has none of that id.
        """
        for control in self.everything:
            if control.id == control_id:
                return control
        raise CatalogueError(
            f"{self.id}",
            got=f"no control {control_id!r}",
            expected=f"one of its {len(self.controls)} controls or {len(self.requirements)} requirements",
            action="`exitgate list` shows them all.",
        )

    def check(self, control_id: str, check_id: str) -> Check:
        """Return a check by control and check id.

        Raises:
            CatalogueError: if there is no such control, or no such check in it.
        """
        control = self.control(control_id)
        for check in control.checks:
            if check.id == check_id:
                return check
        raise CatalogueError(
            f"control {control_id}",
            got=f"no check {check_id!r}",
            expected=f"one of {', '.join(check.id for check in control.checks)}",
            action=f"List the check in {CATALOGUE_FILE}, or mend the marker.",
        )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, Field(min_length=1)]


class _CheckEntry(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    subject: SubjectKind
    needs: Literal["declared", "modelled", "emulated", "executed", "live"]
    says: _Text
    dear: bool = False
    thorough: bool = False
    given: Given | None = None


class _RequirementEntry(_Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.]+$")]
    criterion: _Text
    title: _Text
    rationale: _Text
    remediation: _Text
    check: Annotated[tuple[_CheckEntry, ...], Field(min_length=1)]


class _ControlEntry(_RequirementEntry):
    dimension: Literal["A", "B", "C"]


class _CriterionEntry(_Strict):
    id: _Text
    task: _Text
    title: _Text
    module: Annotated[str, Field(pattern=r"^test_\w+\.py$")]


class _GateEntry(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: _Text
    summary: _Text


class _CatalogueFile(_Strict):
    schema_version: Literal[1]
    gate: _GateEntry
    criterion: Annotated[tuple[_CriterionEntry, ...], Field(min_length=1)]
    control: Annotated[tuple[_ControlEntry, ...], Field(min_length=1)]
    requirement: tuple[_RequirementEntry, ...] = ()


def load_gate(directory: Path) -> Gate:
    """Read the catalogue of the gate in `directory`.

    Raises:
        CatalogueError: if there is none, it does not parse, or it contradicts itself.
    """
    path = directory / CATALOGUE_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            str(path), got=f"can't be read ({error})", expected="a gate catalogue", action="Name a gate's folder."
        ) from error
    try:
        parsed = _CatalogueFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(str(path), got=str(error), expected="valid TOML", action="Mend that line.") from error
    except ValidationError as error:
        problem = first_problem(error, text, _CatalogueFile)
        raise CatalogueError(
            f"{path}:{problem.line}", got=problem.got, expected=problem.expected, action="Mend the catalogue."
        ) from error
    gate = Gate(
        id=parsed.gate.id,
        title=parsed.gate.title,
        summary=parsed.gate.summary,
        directory=directory,
        criteria=tuple(Criterion(**entry.model_dump()) for entry in parsed.criterion),
        controls=tuple(_control(entry, entry.dimension) for entry in parsed.control),
        requirements=tuple(_control(entry, "R") for entry in parsed.requirement),
    )
    _refuse_contradictions(gate, path)
    return gate


def _control(entry: _RequirementEntry, dimension: Literal["A", "B", "C", "R"]) -> Control:
    return Control(
        id=ControlId(entry.id),
        criterion=entry.criterion,
        dimension=dimension,
        title=entry.title,
        rationale=entry.rationale,
        remediation=entry.remediation,
        checks=tuple(
            Check(
                id=check.id,
                subject=check.subject,
                needs=Assurance.parse(check.needs),
                says=check.says,
                dear=check.dear,
                thorough=check.thorough,
                given=check.given,
            )
            for check in entry.check
        ),
    )


def _refuse_contradictions(gate: Gate, path: Path) -> None:
    for names in ([each.id for each in gate.criteria], [each.module for each in gate.criteria]):
        if len(set(names)) != len(names):
            raise CatalogueError(
                str(path),
                got="a criterion id or module that stands twice",
                expected="unique ones",
                action="Rename one.",
            )
    criteria = {criterion.id for criterion in gate.criteria}
    seen: set[str] = set()
    for control in gate.everything:
        allowed = criteria | ({GATE_ITSELF} if control.dimension == "R" else set())
        if control.criterion not in allowed:
            raise CatalogueError(
                f"{path}: {control.id}",
                got=f"criterion {control.criterion!r}",
                expected=f"one of {', '.join(sorted(allowed))}",
                action="Name a listed criterion.",
            )
        ids = [check.id for check in control.checks]
        if control.id in seen or len(set(ids)) != len(ids):
            raise CatalogueError(
                f"{path}: {control.id}", got="an id that stands twice", expected="unique ids", action="Rename one."
            )
        if strange := [check.id for check in control.checks if check.thorough and not check.dear]:
            raise CatalogueError(
                f"{path}: {control.id}",
                got=f"{strange[0]}, which runs leave to --thorough though it is not dear",
                expected="dear = true beside thorough = true",
                action="Say both, or neither.",
            )
        if all(check.given for check in control.checks):
            raise CatalogueError(
                f"{path}: {control.id}",
                got="no check that every run owes",
                expected="one at least: a run that is given nothing would have nothing to say of it",
                action="Add a check without `given`.",
            )
        seen.add(control.id)
