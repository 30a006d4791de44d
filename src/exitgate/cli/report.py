"""``exitgate report`` and ``exitgate diff``: a record told in another format, and two records compared."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exitgate.record import Record


class Format(StrEnum):
    """What a record can be told in."""

    HTML = "html"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"
    OSCAL = "oscal"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(diff)


def report(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A record.json.")],
    form: Annotated[Format, typer.Option("--format", help="The format.")] = Format.HTML,
    against: Annotated[
        Path | None, typer.Option(metavar="EARLIER", help="An earlier record.json: the page says what changed since.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Link places in the target: https://… with {path} in it, and {commit} and {line} at will.",
        ),
    ] = None,
    allure: Annotated[
        bool, typer.Option("--allure", help="Build Allure's site beside the record, with Allure 3 from npm.")
    ] = False,
) -> None:
    """Print a record in another format. The exit code says whether that was done, and nothing about the gate."""
    from exitgate.errors import UsageError
    from exitgate.record import read_record

    if form is not Format.HTML and (against or source):
        raise UsageError(
            f"--format {form.value}",
            got="--against or --source",
            expected="them with the HTML page alone",
            action="Leave them out, or use `exitgate diff` to compare.",
        )
    if allure and (form is not Format.HTML or against or source):
        raise UsageError(
            "--allure",
            got="--format, --against or --source beside it",
            expected="it alone: it builds a site and prints where",
            action="Use `exitgate report` twice.",
        )
    if source is not None and not (source.startswith("https://") and "{path}" in source):
        raise UsageError(
            "--source",
            got=source,
            expected="an https:// address with {path} in it",
            action="Write, e.g., https://git.example/team/shop/blob/{commit}/{path}#L{line}.",
        )
    if allure:
        from exitgate.reporting.allure_site import build_allure_site

        print(build_allure_site(read_record(record), record.parent))
        return
    earlier = read_record(against) if against else None
    typer.echo(_told(form, read_record(record), earlier, source), nl=False)


def _told(form: Format, record: Record, earlier: Record | None, source: str | None) -> str:
    from exitgate.reporting.annotations import render_annotations
    from exitgate.reporting.html import render_html
    from exitgate.reporting.junit import render_junit
    from exitgate.reporting.markdown import render_markdown
    from exitgate.reporting.oscal import render_oscal
    from exitgate.reporting.sarif import render_sarif

    others = {
        Format.JUNIT: render_junit,
        Format.GITHUB: render_annotations,
        Format.MARKDOWN: render_markdown,
        Format.OSCAL: render_oscal,
        Format.SARIF: render_sarif,
    }
    if form is Format.HTML:
        return render_html(record, earlier=earlier, source=source)
    if form in others:
        return others[form](record)
    return record.model_dump_json(indent=2) + "\n"


def diff(
    earlier: Annotated[Path, typer.Argument(metavar="A", help="The earlier record.json.")],
    later: Annotated[Path, typer.Argument(metavar="B", help="The later record.json.")],
) -> None:
    """Print each check whose status is another one in the later record."""
    from exitgate.difference import changes
    from exitgate.record import read_record
    from exitgate.reporting.text import visible

    found = changes(read_record(earlier), read_record(later))
    for each in found:
        what = f"{each.control} {each.check} [{each.subject}]: {each.before or 'absent'} → {each.after or 'absent'}"
        print(visible(what).replace("\n", "\\n"))
    print(f"{len(found)} changed" if found else "no check changed its status")
