"""``exitgate report`` and ``exitgate diff``: a record told in another format, and two records compared."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What a record can be told in."""

    HTML = "html"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(diff)


def report(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A record.json.")],
    form: Annotated[Format, typer.Option("--format", help="The format.")] = Format.HTML,
) -> None:
    """Print a record in another format. The exit code says whether that was done, and nothing about the gate."""
    from exitgate.record import read_record
    from exitgate.reporting.annotations import render_annotations
    from exitgate.reporting.html import render_html
    from exitgate.reporting.junit import render_junit
    from exitgate.reporting.markdown import render_markdown
    from exitgate.reporting.sarif import render_sarif

    read = read_record(record)
    if form is Format.HTML:
        text = render_html(read)
    elif form is Format.JUNIT:
        text = render_junit(read)
    elif form is Format.GITHUB:
        text = render_annotations(read)
    elif form is Format.MARKDOWN:
        text = render_markdown(read)
    elif form is Format.SARIF:
        text = render_sarif(read)
    else:
        text = read.model_dump_json(indent=2) + "\n"
    typer.echo(text, nl=False)


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
