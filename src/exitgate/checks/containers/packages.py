"""The npm packages of an image against the lockfile: none that only development needs, and none that nobody locked."""

from __future__ import annotations

import re

from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.lockfiles import Locked, Lockfile
from exitgate.observe.packages import NpmPackage

_GLOBAL = ("/usr/local/lib/node_modules/", "/usr/lib/node_modules/", "/usr/share/node_modules/", "/usr/share/nodejs/")
"""Where systems and npm itself install what all programs share, npm and what it needs among them."""
_PREFIX = re.compile(r"^[v=]+\s*(?=\d)")
"""What manifests may write before a version, and lockfiles never do (npm's documentation of package.json and semver)."""


def development_packages(contents: ImageContents, lockfile: Lockfile) -> list[Finding]:
    """Name each package of the image that the lockfile reaches through development dependencies alone, wherever it lies."""
    return [
        Finding(
            location=f"image:{package.path}",
            message=f"the image holds {package.name}, which only development needs",
            expected=f"no package that {lockfile.path} reaches through devDependencies alone",
            got=f"{package.name} {package.version}",
            remedy="Install with `npm ci --omit=dev` (pnpm: `--prod`, Yarn: `workspaces focus --production`) in the stage that the "
            "image copies from; if the service needs it when it runs, move it to dependencies.",
        )
        for package in (*own_packages(contents), *_moved_elsewhere(contents), *_in_a_base_of_ones_own(contents))
        if _locked(package) in lockfile.only_for_development
    ]


def unlocked_packages(contents: ImageContents, lockfile: Lockfile) -> list[Finding]:
    """Name each package of the image that is not in the lockfile at its version."""
    versions: dict[str, list[str]] = {}
    for each in sorted(lockfile.locked):
        versions.setdefault(each.name, []).append(each.version)
    return [
        Finding(
            location=f"image:{package.path}",
            message=f"the image holds {package.name} {package.version or 'of no version'}, which {lockfile.path} does not lock",
            expected=" or ".join(versions.get(package.name, ())) or "no such package",
            got=package.version or "no version in its package.json",
            remedy="Install by the lockfile alone (`npm ci`), and copy what that made.",
        )
        for package in own_packages(contents)
        if _locked(package) not in lockfile.locked
    ]


def own_packages(contents: ImageContents) -> list[NpmPackage]:
    """Return the packages that the target's own Dockerfile put into the image; a base image's npm brings some of its own."""
    return [
        package
        for package in contents.npm_packages
        if not contents.entries[f"{package.path}/package.json"][1].from_base
    ]


def _in_a_base_of_ones_own(contents: ImageContents) -> list[NpmPackage]:
    """Return the base image's packages that no package manager of its own brings: a base image may hold the application."""
    return [
        package
        for package in contents.npm_packages
        if contents.entries[f"{package.path}/package.json"][1].from_base and not package.path.startswith(_GLOBAL)
    ]


def _moved_elsewhere(contents: ImageContents) -> list[NpmPackage]:
    """Return the packages of own layers that lie in no node_modules, of whose folder there is more than the manifest."""
    own = [path for path, (_, layer) in contents.entries.items() if not layer.from_base]
    return [
        package for package in contents.loose_packages if sum(path.startswith(f"{package.path}/") for path in own) > 1
    ]


def _locked(package: NpmPackage) -> Locked:
    return Locked(name=package.name, version=_PREFIX.sub("", package.version.strip()))
