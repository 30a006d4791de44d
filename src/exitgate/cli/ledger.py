"""``exitgate ledger show | verify``: the log of all runs, read with every link checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LedgerFile = Annotated[Path, typer.Argument(metavar="FILE", help="The ledger.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    ledger = typer.Typer(help="The append-only log of all runs.", no_args_is_help=True, rich_markup_mode=None)
    ledger.command()(show)
    ledger.command()(verify)
    app.add_typer(ledger, name="ledger")


def show(path: LedgerFile) -> None:
    """Print every entry, the oldest first; a broken chain is told and nothing is shown."""
    from exitgate.ledger import read_ledger

    for entry in read_ledger(path)[0]:
        verdict = f"{entry.verdict}{' (rehearsal)' if entry.rehearsal else ''}"
        print(f"{entry.number:5} {entry.at} {entry.event:5} {entry.gate} {entry.commit[:12]} {entry.run_id} {verdict}")


def verify(
    path: LedgerFile,
    head: Annotated[
        str | None, typer.Option("--head", metavar="SHA256", help="The digest of its last line, as kept elsewhere.")
    ] = None,
) -> None:
    """Check every link of the chain; without --head it can't be seen that the last lines were cut off, and this says so."""
    from exitgate.errors import EvidenceError
    from exitgate.ledger import read_ledger

    entries, seen = read_ledger(path)
    if head is not None and head != seen:
        raise EvidenceError(
            str(path),
            got=f"head {seen}",
            expected=f"head {head}",
            action="Lines were changed, cut off or added since the head was kept: find out which.",
        )
    print(f"{len(entries)} entries, every link holds; head {seen}")
    if head is None:
        print("Not verified: that no entry was cut off its end. Give --head with the digest that was kept elsewhere.")
