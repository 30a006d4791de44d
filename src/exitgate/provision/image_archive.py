"""An image as one file, saved once by its engine for everything that reads it, and removed after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from exitgate.errors import ObservationError, ProvisionError
from exitgate.provision.engine import Engine
from exitgate.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK_BYTES = 1024 * 1024


@contextmanager
def saved_archive(engine: Engine, run: Run, image_id: str, name: str) -> Iterator[Path]:
    """Save an image into the run's scratch folder, as `docker save` does.

    Args:
        name: Of the workload; the file is named after it.

    Raises:
        ObservationError: if the engine has no such image, or breaks off.
        ProvisionError: if there is no room for it.
    """
    import requests
    from docker.errors import DockerException

    path = run.scratch_path / f"image-{name}.tar"
    try:
        try:
            chunks = cast("Iterable[bytes]", engine.client.images.get(image_id).save(chunk_size=CHUNK_BYTES))
            with path.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
        except (DockerException, requests.RequestException) as error:
            raise ObservationError(
                f"image of {name}",
                got=f"can't be saved: {error}",
                expected="an archive of its layers",
                action="Try `docker save`.",
            ) from error
        except OSError as error:
            raise ProvisionError(
                str(path),
                got=f"can't be written ({error.strerror})",
                expected="room for an image",
                action="Free some space, or set TMPDIR to a folder that has it.",
            ) from error
        yield path
    finally:
        path.unlink(missing_ok=True)
