"""The command line ``exitgate``: one module for each family of commands."""

from __future__ import annotations

import sys

import typer

from exitgate import __version__
from exitgate.cli import attest as _attest
from exitgate.cli import backing as _backing
from exitgate.cli import inspect as _inspect
from exitgate.cli import ledger as _ledger
from exitgate.cli import maintain as _maintain
from exitgate.cli import progress as _progress
from exitgate.cli import prove as _prove
from exitgate.cli import report as _report
from exitgate.cli import rollout as _rollout
from exitgate.cli import run as _run
from exitgate.errors import ExitgateError

app = typer.Typer(
    help="Gates of a delivery plan, judged by doing the thing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's own shape of a callback
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: FBT001, FBT003
) -> None:
    """Gates of a delivery plan, judged by doing the thing."""


_run.register(app)
_prove.register(app)
_inspect.register(app)
_maintain.register(app)
_backing.register(app)
_ledger.register(app)
_report.register(app)
_progress.register(app)
_attest.register(app)
_rollout.register(app)


def main() -> None:
    """Run the command line; every error of ours is one line and an exit code, never a traceback."""
    try:
        app()
    except ExitgateError as error:
        print(f"exitgate: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
