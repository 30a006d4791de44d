"""The way from an image's digest in a registry to the image that was judged: every step of it is a SHA-256.

A registry names an image by the digest of its manifest, or of an index of manifests; an engine by the digest of the configuration
that the manifest names. Source: the OCI image format specification, image-manifest and image-index.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from exitgate.attestation.folder import KEPT_PREFIX
from exitgate.errors import EvidenceError, UsageError

LARGEST_BYTES = 4 * 1024 * 1024
"""Registries take no larger manifest."""
_FILE = re.compile(r"registry-(?P<workload>[a-z0-9-]+)\.(?P<number>[0-9]+)\.json")


def file_name(workload: str, number: int) -> str:
    """Return the name of a manifest in a bundle."""
    return f"{KEPT_PREFIX}{workload}.{number}.json"


def manifests_in(files: Mapping[str, bytes]) -> dict[str, tuple[bytes, ...]]:
    """Return each workload's manifests among a bundle's files."""
    found: dict[str, dict[int, bytes]] = {}
    for name, data in files.items():
        match = _FILE.fullmatch(name)
        if match:
            found.setdefault(match["workload"], {})[int(match["number"])] = data
    return {workload: tuple(each[number] for number in sorted(each)) for workload, each in found.items()}


def read_manifests(texts: Sequence[str]) -> dict[str, tuple[bytes, ...]]:
    """Read ``WORKLOAD=FILE``, several for a workload whose image has an index.

    Raises:
        UsageError: if one is written otherwise, or can't be read.
    """
    found: dict[str, tuple[bytes, ...]] = {}
    for text in texts:
        workload, _, path = text.partition("=")
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(LARGEST_BYTES + 1)
        except (OSError, ValueError) as error:
            raise _unusable(text, f"no file that can be read ({getattr(error, 'strerror', None) or error})") from error
        if not workload or len(data) > LARGEST_BYTES:
            raise _unusable(text, "more than 4 MiB" if workload else "no workload")
        found[workload] = (*found.get(workload, ()), data)
    return found


def released_digest(manifests: Sequence[bytes], judged: str, where: str) -> str:
    """Return the digest by which a registry names the image that was judged.

    1. One manifest names the judged image's configuration.
    2. Each other one is an index that names what was reached so far.
    3. What was reached last is what a release names.

    Args:
        manifests: Byte for byte as the registry gives them, in any order.
        judged: The engine's id of the image, ``sha256:…``.
        where: What the manifests are of, for messages.

    Raises:
        EvidenceError: if they don't lead to that image, or one of them leads nowhere.
    """
    left = {f"sha256:{hashlib.sha256(data).hexdigest()}": _parsed(data, where) for data in manifests}
    reached = judged
    while left:
        above = [digest for digest, document in left.items() if reached in _named(document, first=reached == judged)]
        if len(above) != 1:
            got = "a manifest that leads to no other" if reached != judged else "manifests of another image"
            raise EvidenceError(
                where,
                got=got,
                expected=f"one whose configuration is {judged}, and indexes that lead to it",
                action="Give what the registry holds for the image that was judged; build it once, and push that.",
            )
        reached = above[0]
        del left[reached]
    return reached


def _parsed(data: bytes, where: str) -> Mapping[str, object]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _no_manifest(where, "no JSON") from error
    if not isinstance(document, dict):
        raise _no_manifest(where, "no JSON object")
    return document


def _named(document: Mapping[str, object], *, first: bool) -> set[object]:
    """Return the digests that a manifest names: of its configuration, or, of an index, of its manifests."""
    config, below = document.get("config"), document.get("manifests")
    if first:
        return {config.get("digest")} if isinstance(config, dict) else set()
    return {each.get("digest") for each in below if isinstance(each, dict)} if isinstance(below, list) else set()


def _no_manifest(where: str, got: str) -> EvidenceError:
    return EvidenceError(
        where,
        got=got,
        expected="an image manifest or index, as the registry gives it",
        action="Fetch it by its digest, and don't change a byte.",
    )


def _unusable(text: str, got: str) -> UsageError:
    return UsageError(
        f"--manifest {text}",
        got=got,
        expected="WORKLOAD=FILE, the file as the registry gives it",
        action="Fetch the image's manifest from the registry into a file.",
    )
