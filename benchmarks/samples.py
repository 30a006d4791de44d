"""Images of known size, made of nothing but generated files: archives as engines save them, written straight to disk."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_POOL_BYTES = 1024 * 1024
_FILES_PER_PACKAGE = 25
_LINES_PER_IMPORT = 60
_SUFFIXES = (".js", ".js", ".js", ".mjs", ".d.ts", ".json", ".md", ".js.map", ".node", ".txt")
"""About the mixture of a `node_modules`; the ``.node`` ones are ELF files."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file, a folder (``content`` is nothing) or a symbolic link (``target``) of a layer."""

    path: str
    content: bytes | None = None
    mode: int = 0o644
    target: str = ""


def modules(files: int, file_bytes: int, *, seed: int, root: str = "app/node_modules") -> Iterator[Part]:
    """Yield a made-up `node_modules` of so many files, of `file_bytes` each on average, the same for the same seed."""
    chance = random.Random(seed)
    text, binary = _script_text(chance), chance.randbytes(_POOL_BYTES)
    for number in range(files):
        package = f"{root}/package-{number // _FILES_PER_PACKAGE}"
        if number % _FILES_PER_PACKAGE == 0:
            manifest = {"name": package.rpartition("/")[2], "version": "1.0.0", "license": "MIT"}
            yield Part(f"{package}/package.json", json.dumps(manifest).encode())
            continue
        suffix = _SUFFIXES[number % len(_SUFFIXES)]
        size = min(max(1, round(chance.expovariate(1 / file_bytes))), _POOL_BYTES // 2)
        start = chance.randrange(_POOL_BYTES - size)
        content = b"\x7fELF" + binary[start : start + size] if suffix == ".node" else text[start : start + size]
        yield Part(f"{package}/lib/part-{number}{suffix}", content)


def write_saved_image(
    path: Path, layers: Iterable[Iterable[Part]], configuration: dict[str, object], tag: str = ""
) -> tuple[int, int]:
    """Write what `docker save` writes of an image with these layers, lowest first; return its entries and content bytes.

    One layer at a time lies in a temporary file, so that large images need no memory.
    """
    digests: list[str] = []
    names: list[str] = []
    entries = content_bytes = 0
    with path.open("wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for index, layer in enumerate(layers):
            with tempfile.TemporaryFile() as file:
                counted = _write_layer(file, layer)
                entries, content_bytes = entries + counted[0], content_bytes + counted[1]
                size = file.tell()
                file.seek(0)
                digests.append(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
                file.seek(0)
                names.append(f"{index}/layer.tar")
                _add(archive, names[-1], file, size)
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": configuration,
            "rootfs": {"type": "layers", "diff_ids": digests},
            "history": [{"created_by": f"benchmark layer {index}"} for index in range(len(digests))],
        }
        manifest = [{"Config": "config.json", "RepoTags": [tag] if tag else None, "Layers": names}]
        for name, data in (("config.json", document), ("manifest.json", manifest)):
            written = json.dumps(data).encode()
            _add(archive, name, io.BytesIO(written), len(written))
    return entries, content_bytes


def _write_layer(file: IO[bytes], parts: Iterable[Part]) -> tuple[int, int]:
    entries = content_bytes = 0
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for part in parts:
            member = tarfile.TarInfo(part.path)
            member.mode = part.mode
            if part.target:
                member.type, member.linkname = tarfile.SYMTYPE, part.target
            elif part.content is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(part.content)
            archive.addfile(member, io.BytesIO(part.content or b""))
            # tarfile keeps every member that it wrote.
            archive.members = []  # type: ignore[attr-defined]
            entries, content_bytes = entries + 1, content_bytes + member.size
    return entries, content_bytes


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    archive.addfile(member, content)


def _script_text(chance: random.Random) -> bytes:
    lines: list[str] = []
    length = 0
    while length < _POOL_BYTES:
        word = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        line = chance.choice(
            (
                f"  if (this.{word} !== undefined) return {word}(value, index, {chance.random()});\n",
                f"  /* {word} is taken from what the caller asked for, and nothing else is imported */\n",
                f"  const {word} = index > {len(lines)} ? value : {word[:4]}.{word[4:]}({{ required: true }});\n",
            )
        )
        if len(lines) % _LINES_PER_IMPORT == 0:
            line = f'import {{ {word} }} from "{word[:4]}";\nconst {word} = require("@{word[:4]}/{word[4:]}");\n'
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()[:_POOL_BYTES]
