"""A lockfile beside an image that was built from it: what of the image it says nothing certain about, as limits."""

from __future__ import annotations

from dataclasses import replace

from exitgate.observe.contents import ImageContents
from exitgate.observe.lockfiles import Locked, Lockfile

_MOST_NAMED = 5


def with_limits_of_image(lockfile: Lockfile, contents: ImageContents) -> Lockfile:
    """Return the lockfile with the limits of comparing it with an image.

    A package that is bundled has no manifest and can't be compared; one that no more than another workspace needs is no
    development's, and not this workload's either; one of the base image was not installed by the lockfile.
    """
    own: set[Locked] = set()
    of_base: set[Locked] = set()
    for package in contents.npm_packages:
        _, layer = contents.entries[f"{package.path}/package.json"]
        (of_base if layer.from_base else own).add(Locked(name=package.name, version=package.version))
    bundled = sorted(map(str, lockfile.needed - own - of_base))
    foreign = sorted(map(str, (own & lockfile.locked) - lockfile.needed - lockfile.only_for_development))
    told = (
        (bundled, "packages that the workload needs have no manifest in the image, and could not be compared"),
        (foreign, "packages of the image are needed by other workspaces alone"),
        (sorted(map(str, of_base)), "npm packages are the base image's own, and were not compared"),
    )
    limits = tuple(f"{len(names)} {words}: {_some(names)}" for names, words in told if names)
    return replace(lockfile, substrate=replace(lockfile.substrate, limits=(*lockfile.substrate.limits, *limits)))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
