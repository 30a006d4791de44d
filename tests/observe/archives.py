"""Images as engines save them, made in memory, and a stand-in for an engine that sends one."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.contents import ImageContents, read_contents
from exitgate.provision.engine import Engine

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="an engine")
Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", **facts: Any) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in {"mode": 0o644, **facts}.items():
        setattr(info, key, value)
    return info, content


def folder(name: str, mode: int = 0o755) -> Member:
    return member(name, type=tarfile.DIRTYPE, mode=mode)


def link(name: str, kind: bytes, to: str, mode: int = 0o777) -> Member:
    return member(name, type=kind, linkname=to, mode=mode)


def archive(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def saved(*layers: bytes, history: list[dict[str, Any]] | None = None, compressed: bool = False) -> bytes:
    """Return what `docker save` writes of an image with these layers, lowest first; `compressed` as newer engines keep them."""
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    names = [f"{index}/layer.tar" for index in range(len(layers))]
    configuration: dict[str, Any] = {"rootfs": {"type": "layers", "diff_ids": digests}, "history": history or []}
    manifest = [{"Config": "c.json", "RepoTags": None, "Layers": names}]
    return archive(
        *(
            member(name, gzip.compress(layer) if compressed else layer)
            for name, layer in zip(names, layers, strict=True)
        ),
        member("c.json", json.dumps(configuration).encode()),
        member("manifest.json", json.dumps(manifest).encode()),
    )


def engine_with(sent: Iterable[bytes], config: dict[str, Any] | None = None, **bases: list[str]) -> Engine:
    """Return an engine that has one image, and base images of these layer digests."""
    from docker.errors import ImageNotFound

    def get(reference: str) -> Any:
        if reference in bases:
            return SimpleNamespace(attrs={"RootFS": {"Layers": bases[reference]}})
        if reference != "sha256:x":
            raise ImageNotFound("none")
        return SimpleNamespace(id="sha256:x", attrs={"Config": config or {}}, save=lambda **_: iter(sent))

    client: Any = SimpleNamespace(images=SimpleNamespace(get=get))
    return Engine(client=client, address="unix:///x", version="28", local=True)


def contents(*layers: bytes, history: list[dict[str, Any]] | None = None, **config: Any) -> ImageContents:
    """Return what an image of these layers holds."""
    return read_contents(engine_with([saved(*layers, history=history)], config), "sha256:x", (), SUBSTRATE)
