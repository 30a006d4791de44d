"""Whether the SBOM tells of everything that the image's own files show."""

from __future__ import annotations

from exitgate.checks.containers.bases import is_listed
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.scan import ImageScan
from exitgate.policy import ContainerPolicy

_KINDS = {"dpkg": "deb", "apk": "apk"}
"""Package database to purl type."""
_NAMED = 8


def incomplete_sboms(scan: ImageScan, contents: ImageContents, policy: ContainerPolicy) -> list[Finding]:
    """Name each package of the image's own files that the SBOM leaves out, and each executable that no package tells of.

    Executables of the base image are not the target's to name, unless its own layers took them out of the package database:
    they are limits of the observation. So are those that are, byte for byte, of an image that the policy lists: it was reviewed.
    A program that holds the list of its own modules, as Go's do, is told of by that.

    Raises:
        PrerequisiteMissing: if the image's files tell of no package, or keep them in a database that can't be read here.
    """
    _refuse_what_tells_nothing(scan, contents)
    programs = {package.path for package in scan.packages}
    reviewed = {each.path for each in scan.origins if is_listed(each.image, policy)}
    origins = {each.path: each.image.text for each in scan.origins}
    listed = {(package.kind, package.name, package.version) for package in scan.sbom}
    findings = [
        _left_out(f"{package.name} {package.version}", f"image:{package.path}/package.json", "npm")
        for package in contents.npm_packages
        # What has no version is part of another package, or a workspace: no advisory is about it.
        if package.version and ("npm", package.name, package.version) not in listed
    ]
    findings += [
        _left_out(f"{each.name} {each.version}", f"image:{each.name}", each.source)
        for each in contents.os_packages
        if (_KINDS[each.source], each.name, each.version) not in listed
    ]
    findings += [
        Finding(
            location=f"image:{entry.path}",
            message=f"{entry.path} belongs to no package, so that no scanner and no SBOM knows what it is",
            expected="programs and libraries that a package of the operating system or of npm brings",
            got=f"an ELF file of {entry.size_bytes} bytes, put there by {layer.made_by or layer.digest}"
            + (f"; it is of {origins[entry.path]}, which the policy does not list" if entry.path in origins else ""),
            remedy="Install it as a package, copy it as it is from an image that the policy lists by digest, or leave it out.",
        )
        for entry, layer in contents.unpackaged_executables
        if not layer.from_base and entry.path not in programs and entry.path not in reviewed
    ]
    if contents.disowned:
        findings.append(_disowned(contents.disowned))
    return findings


def _refuse_what_tells_nothing(scan: ImageScan, contents: ImageContents) -> None:
    if contents.unreadable_databases:
        raise PrerequisiteMissing(
            scan.image,
            got=f"its packages stand in {contents.unreadable_databases[0]}, which can't be read here",
            expected="the database of dpkg or apk",
            action="Start from an image of Debian, Ubuntu, Alpine or a distroless one.",
        )
    if not contents.npm_packages and not contents.os_packages and not scan.self_told:
        raise PrerequisiteMissing(
            scan.image,
            got="its files tell of not one package",
            expected="packages that an SBOM can be compared with",
            action="Leave the base image's package database in place: /var/lib/dpkg, /lib/apk/db.",
        )


def _disowned(paths: tuple[str, ...]) -> Finding:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return Finding(
        location=f"image:{paths[0]}",
        message="the package database no longer tells of programs and libraries that it tells of in the base image",
        expected="a package that is removed together with its files, or stays in the database",
        got=", ".join(paths[:_NAMED]) + more,
        remedy="Remove packages by their package manager, and leave its database alone.",
    )


def _left_out(package: str, location: str, source: str) -> Finding:
    return Finding(
        location=location,
        message=f"the SBOM leaves out {package}, which the image holds",
        expected=f"every {source} package of the image in its SBOM",
        got="no such entry",
        remedy="Keep the package's own manifest whole, so that the scanner can read it.",
    )
