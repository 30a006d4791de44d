"""What is at single paths of a container, started or not: for whoever needs a few of an image's files, not all of them.

Source: Docker's Engine API, ``GET /containers/{id}/archive``.
"""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from exitgate.errors import ObservationError
from exitgate.observe.file_nature import look_at
from exitgate.observe.layers import Entry
from exitgate.observe.saved_image import entry_of
from exitgate.observe.tar_stream import TarStream
from exitgate.provision.engine import Engine

if TYPE_CHECKING:
    import requests

_NOT_FOUND = 404
_HEADER_CHUNK_BYTES = 4 * 1024
_CONTENT_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPath:
    """What is at a path."""

    entry: Entry
    """Without digest and nature, unless its content was asked for."""
    content: bytes | None
    """Of a file whose content was asked for, if it is no ELF and not above 8 MiB."""


def read_paths(
    engine: Engine, container_id: str, paths: Iterable[str], *, contents: Collection[str] = ()
) -> dict[str, AtPath | None]:
    """Read what is at some paths of a container; of a folder the folder itself, not what is in it.

    Args:
        paths: Absolute ones. The last part of a path is not followed where it is a link; those before are.
        contents: Those of them whose content is wanted: of all others nothing but the header is taken from the engine.

    Returns:
        ``{path: what is there}``, with nothing for a path that leads nowhere.

    Raises:
        ObservationError: if the engine has no such container, or what it sends is no whole archive.
    """
    return {path: _read(engine, container_id, path, whole=path in contents) for path in paths}


def _read(engine: Engine, container_id: str, path: str, *, whole: bool) -> AtPath | None:
    import requests

    api = engine.client.api
    # The SDK's get_archive (7.2) leaves no way to break off what a folder or a large file sends.
    address = f"{api.base_url}/v{api.api_version}/containers/{container_id}/archive"
    try:
        with api.get(address, params={"path": path}, stream=True, timeout=api.timeout) as response:
            return _sent(response, path, whole=whole)
    except (requests.RequestException, tarfile.TarError, ValueError, OSError) as error:
        raise ObservationError(
            f"{path} of container {container_id[:12]}",
            got=f"can't be read: {error}",
            expected="an archive of it, or the word that it is not there",
            action="Try `docker cp`.",
        ) from error


def _sent(response: requests.Response, path: str, *, whole: bool) -> AtPath | None:
    if response.ok:
        return _first_entry(response, path, whole=whole)
    if _leads_nowhere(response.status_code, response.text):
        return None
    raise ValueError(f"the engine says {response.status_code}: {response.text}")


def _leads_nowhere(status: int, said: str) -> bool:
    # Of a path below a file, engine 20.10 says with 500 that "lstat …: not a directory".
    return (status == _NOT_FOUND and "no such container" not in said.lower()) or ': not a directory"' in said


def _first_entry(response: requests.Response, path: str, *, whole: bool) -> AtPath:
    size_bytes = _CONTENT_CHUNK_BYTES if whole else _HEADER_CHUNK_BYTES
    stream = TarStream(cast("Iterable[bytes]", response.iter_content(size_bytes)))
    with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:  # type: ignore[call-overload]
        member = archive.next()
        if member is None:
            raise tarfile.ReadError("it holds nothing")
        file = archive.extractfile(member) if whole and member.isreg() else None
        if file is None:
            return AtPath(entry=entry_of(path, member), content=None)
        look = look_at(path, member.size, file, keep=True)
    return AtPath(entry=entry_of(path, member, sha256=look.sha256, nature=look.nature), content=look.kept)
