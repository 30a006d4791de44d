"""``exitgate doctor`` and ``exitgate sweep``: the machine, and what runs left on it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Annotated

import typer

from exitgate.errors import PrerequisiteMissing
from exitgate.process import DATABASE_URL_VARIABLE
from exitgate.provision.engine import Engine, connect, engine_address


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(sweep)


def doctor() -> None:
    """Say for each tool whether it is there, in which version, from where, and what can't be assessed without it."""
    from exitgate.doctor import examine

    missing = 0
    for finding in examine(os.environ):
        missing += not finding.found
        print(f"{'ok     ' if finding.found else 'missing'}  {finding.tool:28} {finding.version}")
        print(f"         {finding.where}")
        if not finding.found:
            print(f"         without it: {finding.without}")
    raise typer.Exit(3 if missing else 0)


def sweep(
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="Remove what this run made, whether or not it still lives."),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="Also remove images and emulators that are kept between runs.")
    ] = False,
    database_url: Annotated[
        str,
        typer.Option(
            "--database-url",
            metavar="URL",
            envvar=DATABASE_URL_VARIABLE,
            help="The PostgreSQL that runs were given: remove the databases and roles that killed ones left there.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove what killed runs left on the engine, this machine and a server that was named. Never what exitgate did not make."""
    from exitgate.provision import sweep as sweeping
    from exitgate.provision.given_server import given_server

    server = given_server({DATABASE_URL_VARIABLE: database_url})

    with ExitStack() as stack:
        engine: Engine | None = None
        try:
            engine = stack.enter_context(connect(engine_address(os.environ)))
        except PrerequisiteMissing as error:
            print(f"no engine, so only processes and folders are looked for ({error.got})")
        items = [item for item in sweeping.leftovers(engine, server) if (item.run == run if run else item.is_orphaned)]
        if cache and engine:
            items += sweeping.cached_images(engine)
        if cache:
            items += sweeping.cached_installations()
        for item in items:
            print(
                f"{'would remove' if dry_run else 'removing'} {item.kind} {item.name}{f' of run {item.run}' if item.run else ''}"
            )
        failures = [] if dry_run else sweeping.remove(items)
    for failure in failures:
        print(f"still there: {failure}")
    print(f"{len(items) - len(failures)} {'found' if dry_run else 'removed'}" if items else "nothing left behind")
    raise typer.Exit(4 if failures else 0)
