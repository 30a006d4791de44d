"""What packages an image's own files say that it has: npm's manifests, and the databases of dpkg and apk.

Sources: npm's package.json, deb-control(5) and dpkg's status file, the status.d of distroless images, apk's installed database.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

_NPM_MANIFEST = re.compile(r"^(.*/node_modules/((?:@[^/]+/)?[^/@][^/]*))/package\.json$")
_LOOSE_MANIFEST = re.compile(r"^(?!.*/node_modules/)(.*)/package\.json$")
_DPKG_STATUS, _DPKG_STATUS_D, _DPKG_INFO = "/var/lib/dpkg/status", "/var/lib/dpkg/status.d/", "/var/lib/dpkg/info/"
_APK_INSTALLED = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
_RPM = ("/var/lib/rpm/", "/usr/lib/sysimage/rpm/")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NpmPackage:
    """A folder under ``node_modules`` with a manifest of its own."""

    path: str
    """The folder, absolute in the image."""
    name: str
    """As the manifest has it; the folder's name where it has none. An alias differs from its folder."""
    version: str
    """Empty where the manifest has none, or can't be read."""

    @property
    def folder_name(self) -> str:
        """The name under which modules take it in."""
        return self.path.rpartition("/node_modules/")[2]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OsPackage:
    """An installed package of the image's operating system."""

    name: str
    version: str
    source: str
    """Which database says so: ``dpkg`` or ``apk``."""


def tells_of_packages(path: str) -> bool:
    """Whether the content of the file at a path says what packages there are."""
    return bool(
        _NPM_MANIFEST.match(path)
        or _LOOSE_MANIFEST.match(path)
        or path == _DPKG_STATUS
        or path.startswith(_DPKG_STATUS_D)
        or (path.startswith(_DPKG_INFO) and path.endswith(".list"))
        or path in _APK_INSTALLED
    )


def tells_of_os_packages(path: str) -> bool:
    """Whether a path belongs to a database of packages of the operating system, one that can't be read here included."""
    return path == _DPKG_STATUS or path.startswith(_DPKG_STATUS_D) or path in _APK_INSTALLED or is_rpm_database(path)


def is_rpm_database(path: str) -> bool:
    """Whether a path belongs to a database that can't be read without rpm itself."""
    return path.startswith(_RPM)


def npm_packages(files: dict[str, bytes]) -> Iterator[NpmPackage]:
    """Yield each package that a manifest under ``node_modules`` describes; manifests deeper in a package are not its own."""
    for path, content in files.items():
        match = _NPM_MANIFEST.match(path)
        if match is None:
            continue
        name, version = _named(content)
        yield NpmPackage(path=match[1], name=name or match[2], version=version)


def loose_packages(files: dict[str, bytes]) -> Iterator[NpmPackage]:
    """Yield each package with name and version that lies in no ``node_modules``: the target's own, and what was moved elsewhere."""
    for path, content in files.items():
        match = _LOOSE_MANIFEST.match(path)
        name, version = _named(content) if match else ("", "")
        if match and name and version:
            yield NpmPackage(path=match[1], name=name, version=version)


def _named(manifest: bytes) -> tuple[str, str]:
    """Return name and version of a manifest, empty where it has none or can't be read."""
    try:
        told = json.loads(manifest)
    except (ValueError, RecursionError):
        return "", ""
    name, version = (told.get("name"), told.get("version")) if isinstance(told, dict) else (None, None)
    return name if isinstance(name, str) else "", version if isinstance(version, str) else ""


def os_packages(files: dict[str, bytes]) -> Iterator[OsPackage]:
    """Yield each package that the image's package database has as installed."""
    for path, content in files.items():
        if path == _DPKG_STATUS or (path.startswith(_DPKG_STATUS_D) and not path.endswith(".md5sums")):
            for paragraph in _paragraphs(content):
                # Distroless images keep one paragraph a file, without a status: what is there is installed.
                if paragraph.get("Package") and paragraph.get("Status", "install ok installed").endswith(" installed"):
                    yield OsPackage(name=paragraph["Package"], version=paragraph.get("Version", ""), source="dpkg")
        elif path in _APK_INSTALLED:
            for paragraph in _paragraphs(content):
                if paragraph.get("P"):
                    yield OsPackage(name=paragraph["P"], version=paragraph.get("V", ""), source="apk")


def owned_files(files: dict[str, bytes]) -> frozenset[str]:
    """Return the paths that a package of the operating system says are its own, and that is installed.

    What has a list of files and no entry in the database is no package to anybody who asks the database.
    """
    owned: set[str] = set()
    installed = {package.name for package in os_packages(files) if package.source == "dpkg"}
    for path, content in files.items():
        text = content.decode("utf-8", "surrogateescape")
        if path.startswith(_DPKG_INFO) and path.endswith(".list"):
            # NAME.list, or NAME:ARCHITECTURE.list where several may be there.
            if path.removeprefix(_DPKG_INFO).removesuffix(".list").partition(":")[0] in installed:
                owned.update(text.splitlines())
        elif path.startswith(_DPKG_STATUS_D) and path.endswith(".md5sums"):
            if path.removesuffix(".md5sums") in files:
                owned.update("/" + line.partition("  ")[2] for line in text.splitlines())
        elif path in _APK_INSTALLED:
            folder = ""
            for line in text.splitlines():
                if line.startswith("F:"):
                    folder = line[2:]
                elif line.startswith("R:"):
                    owned.add(posixpath.join("/", folder, line[2:]))
    return frozenset(owned)


def _paragraphs(content: bytes) -> Iterator[dict[str, str]]:
    for block in content.decode("utf-8", "surrogateescape").split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith((" ", "\t")):
                fields.setdefault(name, value.strip())
        if fields:
            yield fields
