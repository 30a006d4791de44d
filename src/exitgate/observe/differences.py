"""Two builds of one commit, compared file by file: what differs, where, and in what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.contents import ImageContents, read_contents
from exitgate.observe.layers import Entry, Layer
from exitgate.provision.engine import Engine
from exitgate.provision.images import Build
from exitgate.provision.ownership import OWNER_LABEL, RUN_LABEL

Aspect = Literal[
    "presence", "kind", "content", "mode", "owner", "link", "capabilities", "configuration", "time", "order"
]
WITHOUT_MEANING: frozenset[Aspect] = frozenset({"time", "order"})
"""Aspects in which two images may differ and still run the same bytes with the same rights."""
_OUR_LABELS = frozenset({RUN_LABEL, OWNER_LABEL})
_CONFIGURED = (
    "User", "Env", "Entrypoint", "Cmd", "WorkingDir", "ExposedPorts", "Volumes", "StopSignal", "Healthcheck", "Shell", "OnBuild",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which the two differ."""

    place: str
    """A path in the image; for the configuration its key."""
    aspect: Aspect
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild(Observation):
    """A second build of the same commit beside the first."""

    workload: str
    failure: str
    """Why the second build failed where the first had not, in one line; empty where it did not."""
    failed_at: str
    """``Dockerfile:line`` of that."""
    differences: tuple[Difference, ...]
    compared: int
    """Entries of own layers that were compared, of the first build."""


def read_rebuild(engine: Engine, again: Build, first: ImageContents, keep: EvidenceFolder) -> Rebuild:
    """Read what a second build made, and compare it with the first.

    Raises:
        ObservationError: if its image can't be read.
    """
    if again.failure:
        return Rebuild(
            substrate=again.substrate,
            evidence=again.evidence,
            workload=again.workload,
            failure=again.failure,
            failed_at=again.failed_at,
            differences=(),
            compared=0,
        )
    second = read_contents(
        engine, again.image_id, again.base_images, again.substrate, name=f"second image of {again.workload}"
    )
    compared = compare_builds(again.workload, first, second, again.substrate, keep)
    stale = {each.aspect for each in compared.differences} & WITHOUT_MEANING
    limits = (
        *compared.substrate.limits,
        "both builds were made by one builder on one machine, one after the other",
        *(f"the two differ in the {aspect} of files, which is not judged" for aspect in sorted(stale)),
    )
    return replace(
        compared,
        substrate=replace(compared.substrate, limits=limits),
        evidence=(*again.evidence, *compared.evidence),
    )


def compare_builds(
    workload: str, first: ImageContents, second: ImageContents, substrate: Substrate, keep: EvidenceFolder
) -> Rebuild:
    """Compare two builds, layer by layer where they have as many; the layers of their base image by digest."""
    differences = (*_layers(first, second), *_configuration(first, second))
    told = {
        "first": first.id,
        "second": second.id,
        "layers": [[layer.digest for layer in image.layers] for image in (first, second)],
        "differences": [asdict(each) for each in differences],
    }
    evidence = keep.keep(f"rebuild-{workload}.json", json.dumps(told, indent=1) + "\n")
    return Rebuild(
        substrate=substrate,
        evidence=(evidence,),
        workload=workload,
        failure="",
        failed_at="",
        differences=differences,
        compared=sum(len(layer.entries) for layer in first.own_layers),
    )


def _layers(first: ImageContents, second: ImageContents) -> Iterator[Difference]:
    bases = [[layer.digest for layer in image.layers if layer.from_base] for image in (first, second)]
    if bases[0] != bases[1]:
        yield Difference(place="base image", aspect="content", first=_joined(bases[0]), second=_joined(bases[1]))
    if len(first.own_layers) != len(second.own_layers):
        yield Difference(
            place="layers", aspect="presence", first=str(len(first.layers)), second=str(len(second.layers))
        )
        yield from _entries(
            [entry for entry, layer in first.entries.values() if not layer.from_base],
            [entry for entry, layer in second.entries.values() if not layer.from_base],
        )
        return
    for one, other in zip(first.own_layers, second.own_layers, strict=True):
        if one.digest != other.digest:
            yield from _entries(one.entries, other.entries)
            yield from _hidings(one, other)


def _entries(first: Iterable[Entry], second: Iterable[Entry]) -> Iterator[Difference]:
    ones, others = ({entry.path: entry for entry in entries} for entries in (first, second))
    for path in sorted(ones.keys() | others.keys()):
        one, other = ones.get(path), others.get(path)
        if one is None or other is None:
            there, absent = "there", "absent"
            yield Difference(
                place=path, aspect="presence", first=there if one else absent, second=there if other else absent
            )
            continue
        for aspect, seen, again in _aspects(one, other):
            if seen != again:
                yield Difference(place=path, aspect=aspect, first=seen, second=again)
    common = [[path for path in entries if path in ones and path in others] for entries in (ones, others)]
    if common[0] != common[1]:
        place = next(path for path, again in zip(*common, strict=True) if path != again)
        yield Difference(place=place, aspect="order", first="at one place", second="at another")


def _aspects(one: Entry, other: Entry) -> Iterator[tuple[Aspect, str, str]]:
    yield "kind", one.kind.value, other.kind.value
    yield "content", one.sha256, other.sha256
    yield "mode", f"{one.mode:04o}", f"{other.mode:04o}"
    yield "owner", f"{one.uid}:{one.gid}", f"{other.uid}:{other.gid}"
    yield "link", one.target, other.target
    yield "capabilities", one.capabilities.hex(), other.capabilities.hex()
    yield "time", str(one.modified), str(other.modified)


def _hidings(one: Layer, other: Layer) -> Iterator[Difference]:
    for place in sorted({*one.removed, *one.emptied} ^ {*other.removed, *other.emptied}):
        hidden = place in one.removed or place in one.emptied
        yield Difference(
            place=place, aspect="presence", first="hidden" if hidden else "left", second="left" if hidden else "hidden"
        )


def _configuration(first: ImageContents, second: ImageContents) -> Iterator[Difference]:
    for key in _CONFIGURED:
        one, other = first.configuration.get(key) or None, second.configuration.get(key) or None
        if one != other:
            yield Difference(place=key, aspect="configuration", first=json.dumps(one), second=json.dumps(other))
    labels, again = _labels(first), _labels(second)
    for name in sorted(labels.keys() | again.keys()):
        if labels.get(name) != again.get(name):
            yield Difference(
                place=f"label {name}", aspect="configuration", first=str(labels.get(name)), second=str(again.get(name))
            )


def _labels(image: ImageContents) -> dict[str, str]:
    labels = image.configuration.get("Labels") or {}
    return {name: value for name, value in labels.items() if name not in _OUR_LABELS}


def _joined(digests: list[str]) -> str:
    return ", ".join(digests) or "none"
