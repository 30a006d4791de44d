"""What an image holds, layer by layer, hidden files included: read from what its engine saves, without starting anything."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from exitgate.errors import ObservationError
from exitgate.observation import Observation, Substrate
from exitgate.observe.layers import Entry, Kind, Layer, Nature, followed, visible
from exitgate.observe.packages import (
    NpmPackage,
    OsPackage,
    is_rpm_database,
    loose_packages,
    npm_packages,
    os_packages,
    owned_files,
    tells_of_packages,
)
from exitgate.observe.saved_image import SavedImage, read_saved_image
from exitgate.provision.engine import Engine
from exitgate.provision.image_archive import CHUNK_BYTES

ACCOUNTS = ("/etc/passwd", "/etc/group")
RELEASES = ("/etc/os-release", "/usr/lib/os-release", "/etc/debian_version", "/etc/alpine-release", "/etc/lsb-release")
"""Files by which scanners tell the operating system and its release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents(Observation):
    """An image's layers and what they come to."""

    id: str
    configuration: dict[str, Any]
    """What the image says of itself, as its engine tells it: ``Env``, ``Entrypoint``, ``User``, …"""
    layers: tuple[Layer, ...]
    """Lowest first."""
    npm_packages: tuple[NpmPackage, ...]
    """Visible ones, sorted by folder."""
    loose_packages: tuple[NpmPackage, ...]
    """Visible ones that lie in no ``node_modules``: the target's own, and what was moved out of one."""
    os_packages: tuple[OsPackage, ...]
    """Visible ones, sorted by name."""
    owned_files: frozenset[str]
    """Paths that a package of the operating system says are its own."""
    imports: frozenset[str]
    """Packages that a script of any layer takes in by a literal name."""
    texts: dict[str, bytes]
    """``{path: content}`` of the visible files that tell of accounts and of the operating system's release."""
    base_texts: dict[str, bytes]
    """The same, as the base image has them."""
    disowned: tuple[str, ...] = ()
    """ELF files of the base image that a package of its database owned there, and that no package owns in the end."""
    unreadable_databases: tuple[str, ...] = ()
    """Package databases that are there and could not be read, rpm's."""
    entries: dict[str, tuple[Entry, Layer]] = field(repr=False)
    """``{path: (entry, its layer)}`` of all that a container sees."""

    @property
    def own_layers(self) -> tuple[Layer, ...]:
        """The layers that the Dockerfile added to its base image."""
        return tuple(layer for layer in self.layers if not layer.from_base)

    @property
    def size_bytes(self) -> int:
        """The bytes of all files of all layers, hidden ones too, as engines count an image's size."""
        return sum(layer.size_bytes for layer in self.layers)

    @property
    def compressed_bytes(self) -> int:
        """About what a registry transfers for it."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the image sets."""
        pairs = (str(each).partition("=") for each in self.configuration.get("Env") or ())
        return {name: value for name, _, value in pairs}

    @property
    def unpackaged_executables(self) -> tuple[tuple[Entry, Layer], ...]:
        """Visible ELF files that belong neither to a package of the operating system nor to one of npm."""
        return self._unpackaged(Nature.ELF)

    @property
    def unpackaged_foreign_code(self) -> tuple[tuple[Entry, Layer], ...]:
        """Visible files of code for another runtime than Node.js, of own layers, that belong to no package either."""
        return tuple(each for each in self._unpackaged(Nature.FOREIGN_CODE) if not each[1].from_base)

    def _unpackaged(self, nature: Nature) -> tuple[tuple[Entry, Layer], ...]:
        # Prisma writes its engine beside its client, into a folder of its own making.
        folders = tuple(f"{package.path}/" for package in self.npm_packages) + tuple(
            f"{package.path.removesuffix('@prisma/client')}.prisma/client/"
            for package in self.npm_packages
            if package.name == "@prisma/client"
        )
        return tuple(
            (entry, layer)
            for path, (entry, layer) in sorted(self.entries.items())
            if nature in entry.nature and path not in self.owned_files and not path.startswith(folders)
        )


def read_contents(
    engine: Engine,
    image_id: str,
    bases: Iterable[str],
    substrate: Substrate,
    *,
    name: str = "",
    archive: Path | None = None,
    names_alone: bool = False,
) -> ImageContents:
    """Read all layers of an image.

    Args:
        bases: References of the images that its Dockerfile is FROM; the layers that it shares with one of them are that base's.
        name: What messages call it; its id unless given.
        archive: The image as its engine saved it already; it is asked for it unless given.
        names_alone: Leave out what files are by their content; their digests are still taken.

    Raises:
        ObservationError: if the engine has no such image, or what it sends is no whole image.
    """
    import requests
    from docker.errors import DockerException, ImageNotFound

    try:
        image = engine.client.images.get(image_id)
        if archive is None:
            chunks = cast("Iterable[bytes]", image.save(chunk_size=CHUNK_BYTES))
            saved = read_saved_image(chunks, kept_for_contents, names_alone=names_alone)
        else:
            with archive.open("rb") as file:
                chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
                saved = read_saved_image(chunks, kept_for_contents, names_alone=names_alone)
    except ImageNotFound as error:
        raise ObservationError(
            name or image_id, got="no such image", expected="the image that was built", action="Run the gate again."
        ) from error
    except (DockerException, requests.RequestException, tarfile.TarError, ValueError, OSError, EOFError) as error:
        raise ObservationError(
            name or image_id,
            got=f"can't be read: {error}",
            expected="an archive of its layers",
            action="Try `docker save`.",
        ) from error
    return contents_of(saved, str(image.id), image.attrs["Config"] or {}, _base_layers(engine, saved, bases), substrate)


def contents_of(
    saved: SavedImage, image_id: str, configuration: dict[str, Any], base_layers: int, substrate: Substrate
) -> ImageContents:
    """Return what a saved image holds.

    Args:
        base_layers: How many of its layers, from the lowest, are its base image's.
    """
    layers = tuple(replace(layer, from_base=index < base_layers) for index, layer in enumerate(saved.layers))
    entries = visible(layers)
    files = _kept(saved, layers, entries)
    owned = _by_real_path(owned_files(files), entries)
    base = visible(layers[:base_layers]) if 0 < base_layers < len(layers) else {}
    base_files = _kept(saved, layers[:base_layers], base)
    owned_by_base = _by_real_path(owned_files(base_files), base)
    return ImageContents(
        substrate=substrate,
        id=image_id,
        configuration=configuration,
        layers=layers,
        npm_packages=tuple(sorted(npm_packages(files))),
        loose_packages=tuple(sorted(loose_packages(files))),
        os_packages=tuple(sorted(set(os_packages(files)))),
        owned_files=owned,
        imports=saved.imports,
        texts={path: files[path] for path in (*ACCOUNTS, *RELEASES) if path in files},
        base_texts={path: base_files[path] for path in (*ACCOUNTS, *RELEASES) if path in base_files},
        disowned=tuple(
            sorted(
                path
                for path, (entry, layer) in entries.items()
                if layer.from_base and Nature.ELF in entry.nature and path in owned_by_base and path not in owned
            )
        ),
        unreadable_databases=tuple(
            sorted(path for path, (entry, _) in entries.items() if is_rpm_database(path) and entry.kind is Kind.FILE)
        ),
        entries=entries,
    )


def _kept(saved: SavedImage, layers: Iterable[Layer], entries: Mapping[str, tuple[Entry, Layer]]) -> dict[str, bytes]:
    """Return ``{path: content}`` of what was kept and is visible."""
    return {
        path: content
        for layer in layers
        for path, content in saved.kept.get(layer.digest, ())
        if path in entries and entries[path][1].digest == layer.digest
    }


def _by_real_path(paths: Iterable[str], entries: dict[str, tuple[Entry, Layer]]) -> frozenset[str]:
    """Return paths with those that they come to through linked folders: packages say /bin/ps where /bin is /usr/bin."""

    def real(paths: Iterable[str]) -> Iterator[str]:
        folders: dict[str, str] = {}
        for path in paths:
            folder, name = posixpath.split(path)
            if folder not in folders:
                leads = followed(folder, entries)
                folders[folder] = leads.path if leads is not None and leads.kind is Kind.DIRECTORY else folder
            yield path
            yield posixpath.join(folders[folder], name)

    return frozenset(real(paths))


def kept_for_contents(path: str) -> bool:
    """Whether the content of the file at a path is looked into again once all layers are read."""
    return path in ACCOUNTS or path in RELEASES or tells_of_packages(path)


def _base_layers(engine: Engine, saved: SavedImage, bases: Iterable[str]) -> int:
    """Return how many layers the image shares with the base that it shares most with."""
    from docker.errors import ImageNotFound

    own = [layer.digest for layer in saved.layers]
    most = 0
    for reference in bases:
        try:
            digests = engine.client.images.get(reference).attrs["RootFS"].get("Layers") or []
        except ImageNotFound:
            continue
        if digests == own[: len(digests)]:
            most = max(most, len(digests))
    return most
