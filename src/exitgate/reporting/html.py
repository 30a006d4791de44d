"""The gate report as one HTML page that needs no network and no script. A pure function of the record.

What the page looks like and the words on it are in ``exitgate.reporting.definition``; this file counts, groups and makes safe.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from exitgate.assurance import Assurance
from exitgate.atomic import write_atomically
from exitgate.outcome import Status
from exitgate.record import CheckEntry, ControlEntry, Record
from exitgate.reporting.text import status_of, visible

if TYPE_CHECKING:
    import jinja2

HTML_FILE = "index.html"

_LEVELS = tuple(level.label for level in Assurance)
_TO_DO = (Status.NOT_MET, Status.ERROR)
_ANCHOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RUNS_SCRIPTS = frozenset(
    {".htm", ".html", ".mht", ".mhtml", ".shtml", ".svg", ".svgz", ".xht", ".xhtml", ".xml", ".xsl", ".xslt"}
)
"""Kinds of file that a browser runs as pages of their own; evidence may be made by the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Controls that stand together: those of a criterion, or the requirements."""

    anchor: str
    task: str
    title: str
    controls: Sequence[ControlEntry]

    @property
    def statuses(self) -> Mapping[str, int]:
        """How many controls have each status, in the order of `Status`."""
        counts = Counter(status_of(control.status).value for control in self.controls)
        return {status.value: counts[status.value] for status in Status}

    @property
    def levels(self) -> Mapping[str, int]:
        """How many controls are met on the strength of each level, lowest first."""
        return _met_by_level(self.controls)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A control with its checks that call for work: *not met* or *error*."""

    control: ControlEntry
    status: str
    """Not met, unless errors are all there is."""
    faults: Sequence[Sequence[CheckEntry]]
    """Checks that say the same stand together."""


def write_html(record: Record, directory: Path) -> Path:
    """Write the page as ``index.html`` beside the record.

    Raises:
        EvidenceError: if the disk is full or the folder can't be written.
    """
    return write_atomically(directory / HTML_FILE, render_html(record))


def render_html(record: Record) -> str:
    """Return the page. Equal records give equal pages."""
    from markupsafe import Markup

    css = _definition("gate.css")
    everything = (*record.controls, *record.requirements)
    checks = [check for control in everything for check in control.checks]
    page = _environment().get_template("gate.html.j2")
    return page.render(
        record=record,
        css=Markup(css),  # noqa: S704 - our own file; the policy below lets in these bytes and no others
        security_policy=Markup(_security_policy(css)),  # noqa: S704 - a constant and a digest, readable as it stands
        criteria=_criteria(record),
        requirements=_Group(
            anchor="requirements", task="", title="Requirements of the gate", controls=record.requirements
        ),
        whole=_Group(anchor="index", task="", title="All", controls=everything),
        tasks=_tasks(everything),
        limits=_places(
            (limit, control.id) for control in everything for check in control.checks for limit in check.limits
        ),
        absences=_places(
            (check.message or "no reason was recorded", control.id)
            for control in everything
            for check in control.checks
            if check.status == Status.NOT_ASSESSED
        ),
        check_levels=_met_by_level(checks),
        unproven=[control for control in everything if control.proof.status == "unproven"],
        known={control.id for control in everything},
    )


def _definition(name: str) -> str:
    """Read a file of the report's definition, wherever it is installed."""
    from importlib.resources import files

    return files("exitgate.reporting.definition").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_definition),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        status=lambda text: status_of(text).value, href=_href, moment=_moment, one_check=_by_check, below=_below
    )
    environment.globals.update(anchor=_anchor, rerun=_rerun, lasted=_lasted)
    return environment


def _security_policy(css: str) -> str:
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"


def _criteria(record: Record) -> list[_Group]:
    groups = [
        _Group(
            anchor=_anchor("criterion", criterion.id),
            task=criterion.task,
            title=criterion.title,
            controls=[control for control in record.controls if control.criterion == criterion.id],
        )
        for criterion in record.criteria
    ]
    listed = {criterion.id for criterion in record.criteria}
    stray = [control for control in record.controls if control.criterion not in listed]
    if stray:
        groups.append(_Group(anchor="other-controls", task="", title="Controls of no listed criterion", controls=stray))
    return groups


def _tasks(controls: Iterable[ControlEntry]) -> list[_Task]:
    """Return what calls for work: controls with something *not met* first, then those with errors alone, in plan order."""
    tasks = []
    for control in controls:
        faults: dict[tuple[object, ...], list[CheckEntry]] = {}
        for check in control.checks:
            if status_of(check.status) in _TO_DO:
                faults.setdefault((check.status, check.message, check.findings), []).append(check)
        if faults:
            status = Status.NOT_MET if any(key[0] == Status.NOT_MET for key in faults) else Status.ERROR
            tasks.append(_Task(control=control, status=status, faults=list(faults.values())))
    return sorted(tasks, key=lambda task: task.status != Status.NOT_MET)


def _places(said: Iterable[tuple[str, str]]) -> list[tuple[str, Mapping[str, int]]]:
    """Gather equal texts: each once, with how often each control said it, the most frequent first."""
    places: dict[str, Counter[str]] = {}
    for text, control in said:
        places.setdefault(text, Counter())[control] += 1
    return sorted(places.items(), key=lambda item: -sum(item[1].values()))


def _met_by_level(entries: Iterable[ControlEntry | CheckEntry]) -> Mapping[str, int]:
    """Count what is met by the level at which it was seen: a failure has no use for a level, a claim stands on one."""
    counts = Counter(entry.assurance for entry in entries if entry.status == Status.MET)
    return {level: counts[level] for level in _LEVELS}


def _by_check(checks: Iterable[CheckEntry]) -> list[list[CheckEntry]]:
    """Put the subjects of one check together."""
    grouped: dict[str, list[CheckEntry]] = {}
    for check in checks:
        grouped.setdefault(check.id, []).append(check)
    return list(grouped.values())


def _below(reached: str | None, needs: str) -> bool:
    """Say whether something was seen, but at a lower level than it needs."""
    return reached in _LEVELS and needs in _LEVELS and _LEVELS.index(reached) < _LEVELS.index(needs)


def _anchor(kind: str, *parts: str) -> str:
    """Return an id for an element: readable where the parts are plain, a digest of them where they are not."""
    if all(_ANCHOR.fullmatch(part) for part in parts):
        return ":".join((kind, *parts))
    return f"{kind}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def _href(path: str) -> str | None:
    """Return a link to a file of evidence beside the page; nothing where the path leaves its folder or its kind is unsafe."""
    steps = path.split("/")
    plain = path.isprintable() and not set(path) & set('\\:"<>')
    if not plain or any(step.strip() in ("", ".", "..") for step in steps):
        return None
    if any(suffix.lower() in _RUNS_SCRIPTS for suffix in PurePosixPath(path).suffixes):
        return None
    return quote(path, safe="/")


def _visible(value: object) -> object:
    """Make text visible; what is markup of ours, or no text, stays as it is."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else visible(value)


def _parsed(time: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else None


def _moment(time: str) -> str:
    """Write a time for people; one that can't be read stays as it is."""
    parsed = _parsed(time)
    return f"{parsed:%Y-%m-%d %H:%M:%S} UTC" if parsed else time


def _lasted(started: str, finished: str | None) -> str:
    """Write how long the run took, or nothing where its times do not say."""
    start, end = _parsed(started), _parsed(finished)
    if start is None or end is None or end < start:
        return ""
    minutes, seconds = divmod(round((end - start).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if n) or "under 1 s"


def _rerun(gate: str, control: str) -> str:
    """Return the command that runs one control again."""
    return shlex.join(["exitgate", "run", gate, "--control", control])
