"""From which images the programs come that a Dockerfile copies past every package manager, told by their content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from exitgate.dockerfile import Dockerfile, ImageUse, Stage, Stages, effects_of
from exitgate.observe.contents import ImageContents
from exitgate.observe.scan import ImageScan, ProgramOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """An image from outside that may have lent the deployed one files."""

    use: ImageUse
    """As the Dockerfile has it."""
    reference: str
    """By which it was built: a substitute's, where one stood in."""


def lenders(
    dockerfile: Dockerfile, build_args: Mapping[str, str], built_with: Mapping[str, str], stage: str | None
) -> tuple[Lender, ...]:
    """Return the images that files may reach the deployed stage from, over any number of stages, each once.

    Args:
        build_args: The target's own.
        built_with: Those that the image was built with, substitutes in place.
    """
    own, built = dockerfile.stages(build_args), dockerfile.stages(built_with)
    pairs = zip(_uses(own, own.deployed_chain(stage)), _uses(built, built.deployed_chain(stage)), strict=True)
    found = (Lender(use=use, reference=real.text) for use, real in pairs if not real.is_scratch and not real.unresolved)
    return tuple({each.reference: each for each in found}.values())


def with_program_origins(
    scan: ImageScan,
    contents: ImageContents,
    lent_by: tuple[Lender, ...],
    read: Callable[[Lender], ImageContents],
) -> ImageScan:
    """Return the scan with the images that hold, byte for byte, the programs of own layers that no package tells of.

    Args:
        read: Reads an image; asked only where there is such a program, and until each has been found.
    """
    told = {package.path for package in scan.packages}
    sought = {
        entry.path: entry.sha256
        for entry, layer in contents.unpackaged_executables
        if not layer.from_base and entry.path not in told and entry.sha256
    }
    origins: list[ProgramOrigin] = []
    for lender in lent_by:
        if not sought.keys() - {each.path for each in origins}:
            break
        held = {entry.sha256 for entry, _ in read(lender).entries.values()}
        origins += [
            ProgramOrigin(path=path, image=lender.use) for path, sha256 in sorted(sought.items()) if sha256 in held
        ]
    if not origins:
        return scan
    limits = tuple(f"no package tells what {each.path} holds; it is a file of {each.image.text}" for each in origins)
    return replace(
        scan,
        origins=tuple(origins),
        substrate=replace(scan.substrate, limits=(*scan.substrate.limits, *limits)),
    )


def _uses(stages: Stages, chain: tuple[Stage, ...], seen: frozenset[int] = frozenset()) -> Iterator[ImageUse]:
    seen |= {stage.index for stage in chain}
    yield from stages.images_into(chain)
    for copy in effects_of(stages, chain).copies:
        if copy.source.stage is None or copy.source.stage in seen:
            continue
        made = stages.chain(stages.all[copy.source.stage])
        yield stages.origin(made[-1])
        yield from _uses(stages, made, seen)
