"""The page: its parts put together, and written beside the record."""

from __future__ import annotations

from pathlib import Path

from exitgate.atomic import write_atomically
from exitgate.record import Record
from exitgate.reporting.html.changes import compared
from exitgate.reporting.html.groups import criteria_of, everything_of, requirements_of
from exitgate.reporting.html.limits import absences_of, limits_of
from exitgate.reporting.html.links import source_link
from exitgate.reporting.html.network import drawings_of
from exitgate.reporting.html.styles import security_policy, style_sheet
from exitgate.reporting.html.templates import templates
from exitgate.reporting.html.timeline import timelines_of
from exitgate.reporting.html.work import actions_of, tasks_of

HTML_FILE = "index.html"


def write_html(record: Record, directory: Path) -> Path:
    """Write the page as ``index.html`` beside the record.

    Raises:
        EvidenceError: if the disk is full or the folder can't be written.
    """
    return write_atomically(directory / HTML_FILE, render_html(record))


def render_html(record: Record, *, earlier: Record | None = None, source: str | None = None) -> str:
    """Return the page. Equal records give equal pages.

    Args:
        earlier: A record of an earlier run, to say what changed since.
        source: A web address with ``{commit}``, ``{path}`` and ``{line}``, to which places in the target are linked.
    """
    from markupsafe import Markup

    css = style_sheet()
    criteria, requirements, whole = criteria_of(record), requirements_of(record), everything_of(record)
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            record=record,
            css=Markup(css),  # noqa: S704 - our own files; the policy below lets in these bytes and no others
            security_policy=Markup(security_policy(css)),  # noqa: S704 - a constant and a digest, readable as it stands
            groups=[*criteria, *([requirements] if requirements.controls else [])],
            whole=whole,
            tasks=tasks_of(whole.controls),
            actions=actions_of(whole.controls),
            comparison=compared(earlier, record) if earlier else None,
            source_link=source_link(source, record),
            networks=drawings_of(record.pictures),
            timelines=timelines_of(record.pictures),
            limits=limits_of(whole.controls),
            absences=absences_of(whole.controls),
            known={control.id for control in whole.controls},
        )
    )
