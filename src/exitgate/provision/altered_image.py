"""An image with a few files more: made of a container that is never started, so that no shell is needed in it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from exitgate.errors import ProvisionError
from exitgate.provision.engine import Engine
from exitgate.run import Run


@contextmanager
def altered_image(engine: Engine, run: Run, image: str, files: Mapping[str, str]) -> Iterator[str]:
    """Give the id of an image that has these files too, owned by root and readable by all; remove it at the end.

    Args:
        files: Absolute path to text.

    Raises:
        ProvisionError: if the engine refuses.
    """
    from docker.errors import DockerException

    container = made = None
    try:
        own = (engine.client.images.get(image).attrs.get("Config") or {}).get("Cmd") or []
        container = engine.client.containers.create(image, labels=run.labels, command=["-"])
        container.put_archive("/", _archive(files))
        # An image without an entry point needs some command to become a container; what is committed has the image's own again.
        changes = [f"CMD {json.dumps(own)}", *(f"LABEL {name}={value}" for name, value in run.labels.items())]
        made = container.commit(changes=changes)
        container.remove(v=True, force=True)
        container = None
        yield str(made.id)
    except DockerException as error:
        raise ProvisionError(
            "image with files more",
            got=f"the engine refuses: {error}",
            expected="a copy of the built image with files added",
            action="Try `docker cp` into a container of the image.",
        ) from error
    finally:
        if container is not None:
            container.remove(v=True, force=True)
        if made is not None:
            engine.client.images.remove(str(made.id), force=True)


def _archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folders = {path.rpartition("/")[0] for path in files}
        for folder in sorted(folders):
            member = tarfile.TarInfo(folder.lstrip("/"))
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(member)
        for path, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
