"""What a benchmark makes on the engine: with a run's labels, so that `exitgate sweep` finds it, and removed at its end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exitgate.provision.engine import Engine
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.run import Run


@contextmanager
def throwaway_run() -> Iterator[Run]:
    """Make a run that judges nothing, with a scratch folder that is removed at its end."""
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as scratch:
        yield Run(
            id=new_run_id(),
            owner=str(Owner.of_this_process()),
            gate_directory="",
            clone="",
            commit="",
            report_directory="",
            scratch=scratch,
        )


@contextmanager
def loaded_image(engine: Engine, archive: Path, tag: str) -> Iterator[str]:
    """Load a saved image of that tag into the engine; remove it at the end, and the archive as soon as it is loaded."""
    with archive.open("rb") as file:
        engine.client.images.load(file)
    archive.unlink()
    try:
        yield str(engine.client.images.get(tag).id)
    finally:
        engine.client.images.remove(tag, force=True)
