"""``exitgate backing``: a command beside throwaway backing servers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exitgate.target import BackingUse


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(context_settings={"allow_interspersed_args": False})(backing)


def backing(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to run, with its arguments.")],
    assignments: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="VARIABLE=NAME[/PART][#FIELD]",
            help="An environment variable of the command, and which server it tells of; may be repeated.",
        ),
    ],
    gate_target: Annotated[
        Path, typer.Option("--gate-target", metavar="DIR", help="The folder whose exitgate.toml declares the servers.")
    ] = Path(),
) -> None:
    """Run a command beside throwaway servers of the target's [[backing]], e.g. a database. Exits as the command does."""
    from exitgate.beside import run_beside
    from exitgate.target import load_target

    uses = dict(_parse(assignment) for assignment in assignments)
    raise typer.Exit(run_beside(load_target(gate_target.resolve()), command, uses))


def _parse(assignment: str) -> tuple[str, BackingUse]:
    from pydantic import ValidationError

    from exitgate.target import BackingUse

    variable, equals, use = assignment.partition("=")
    try:
        if variable and equals:
            return variable, BackingUse.model_validate(use)
    except ValidationError:
        pass
    raise typer.BadParameter(f"{assignment!r} is not VARIABLE=NAME[/PART][#FIELD], e.g. DATABASE_URL=postgres/shop")
