"""Which of this machine's packages own files, told as distroless images tell it, so that a scanner sees what an image is of.

Sources: dpkg-query(1), deb-control(5); the distroless images: one file a package in ``status.d``, with checksums beside it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from exitgate.process import run_tool, scrubbed_environment

_STATUS_FOLDER: Final = "/var/lib/dpkg/status.d"
_RELEASE_FILES: Final = ("/etc/os-release", "/usr/lib/os-release", "/etc/debian_version")
_PARAGRAPH: Final = (
    "Package: ${Package}\\nVersion: ${Version}\\nArchitecture: ${Architecture}\\n"
    "Source: ${source:Package} (${source:Version})\\nMaintainer: ${Maintainer}\\nDescription: ${binary:Summary}\\n\\n"
)
_TIMEOUT_S = 30.0


def package_records(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of what says which packages an image's files come from, and of what Debian they are.

    Args:
        files: Path in the image to the machine's own file that is copied there.

    Yields nothing on a machine without dpkg: there nobody can say.
    """
    if shutil.which("dpkg-query") is None:
        return
    release = {name: Path(name).resolve() for name in _RELEASE_FILES if Path(name).is_file()}
    yield from ((name, path.read_bytes()) for name, path in release.items())
    owned: dict[str, list[str]] = {}
    owners = _owners({**files, **release})
    for path, package in owners.items():
        owned.setdefault(package, []).append(path)
    for package, paragraph in _paragraphs(sorted(owned)).items():
        yield f"{_STATUS_FOLDER}/{package.partition(':')[0]}", paragraph
        sums = [f"{_md5({**files, **release}[path])}  {path.lstrip('/')}\n" for path in sorted(owned[package])]
        yield f"{_STATUS_FOLDER}/{package.partition(':')[0]}.md5sums", "".join(sums).encode()


def _owners(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the package of each file that has one; where /bin is /usr/bin, a package may know the file under either name."""
    names = {path: _names(path, source) for path, source in files.items()}
    asked = sorted({name for each in names.values() for name in each})
    completed = run_tool(["dpkg-query", "--search", *asked], timeout_s=_TIMEOUT_S, environment=scrubbed_environment())
    known: dict[str, str] = {}
    for line in completed.stdout.splitlines():
        packages, colon, name = line.partition(": ")
        if colon and not packages.startswith("diversion "):
            known.setdefault(name, packages.partition(", ")[0])
    found = {path: next((known[name] for name in each if name in known), "") for path, each in names.items()}
    return {path: package for path, package in found.items() if package}


def _names(path: str, source: Path) -> list[str]:
    names = [path, str(source)]
    return names + [name.removeprefix("/usr") if name.startswith("/usr/") else f"/usr{name}" for name in names]


def _paragraphs(packages: list[str]) -> dict[str, bytes]:
    """Return what dpkg says of each package."""
    if not packages:
        return {}
    completed = run_tool(
        ["dpkg-query", "--show", f"--showformat={_PARAGRAPH}", *packages],
        timeout_s=_TIMEOUT_S,
        environment=scrubbed_environment(),
    )
    by_name = {
        block.partition("\n")[0].removeprefix("Package: "): f"{block}\n".encode()
        for block in completed.stdout.split("\n\n")
        if block.startswith("Package: ")
    }
    return {package: by_name[package.partition(":")[0]] for package in packages if package.partition(":")[0] in by_name}


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
