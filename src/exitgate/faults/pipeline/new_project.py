"""A change that adds a project without tests: a copy of one that there is, with everything but those."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from exitgate.errors import PrerequisiteMissing
from exitgate.faults.pipeline.mutants import Mutant, is_test

NAME = "exitgate-mutant"
_MADE = shutil.ignore_patterns("node_modules", "dist", "dist-*", ".nx")
_LOCK = "package-lock.json"
_LOCK_VERSION = 3


def project_without_tests(root: Path, like: str) -> Mutant:
    """Add a project beside another one, with its code and settings, in npm's lockfile too, and with none of its tests.

    Args:
        root: Of the target.
        like: Folder of the project that it is like, from the root.

    Raises:
        PrerequisiteMissing: if npm's workspaces would not take it in, or `like` has no tests that could be left out.
    """
    folder = (Path(like).parent / NAME).as_posix()
    own, whole = _read(root, f"{like}/package.json"), _read(root, "package.json")
    lock = _read(root, _LOCK)
    if lock.get("lockfileVersion") != _LOCK_VERSION or like not in lock.get("packages", {}):
        raise _missing(_LOCK, f"no entry of {like} in a lockfile of version {_LOCK_VERSION}")
    if not any(fnmatchcase(folder, str(pattern).removeprefix("./").rstrip("/")) for pattern in _globs(whole)):
        raise _missing("package.json", f"workspaces that leave {folder} out")
    if not any(map(is_test, _files(root / like))):
        raise _missing(like, "no tests that could be left out")
    scope, _, _ = str(own.get("name", "")).rpartition("/")
    name = f"{scope}/{NAME}" if scope else NAME

    def apply(clone: Path) -> None:
        shutil.copytree(clone / like, clone / folder, ignore=_MADE)
        for file in [each for each in _files(clone / folder) if is_test(each)]:
            file.unlink()
        for file in (clone / folder / "package.json", clone / folder / "project.json"):
            if file.is_file():
                _write(file, {**json.loads(file.read_text(encoding="utf-8")), "name": name})
        _write(clone / _LOCK, _locked(json.loads((clone / _LOCK).read_text(encoding="utf-8")), like, folder, name))

    what = f"{folder}: a project without tests"
    return Mutant(aim="project-without-tests", project=folder, what=what, noticed_by=(), apply=apply, says=NAME)


def _locked(lock: dict[str, Any], like: str, folder: str, name: str) -> dict[str, Any]:
    """Return a lockfile in which the project stands as npm writes it: sorted by place, and linked by name."""
    packages: dict[str, Any] = lock["packages"]
    added = {
        folder + place.removeprefix(like): entry
        for place, entry in packages.items()
        if place == like or place.startswith(f"{like}/")
    }
    added[folder] = {**added[folder], "name": name}
    added[f"node_modules/{name}"] = {"resolved": folder, "link": True}
    return {**lock, "packages": dict(sorted({**packages, **added}.items()))}


def _globs(package: dict[str, Any]) -> Iterable[object]:
    said = package.get("workspaces", [])
    listed = said.get("packages", []) if isinstance(said, dict) else said
    return listed if isinstance(listed, list) else []


def files_in(folder: Path) -> int:
    """Return how many files a folder holds, to find the smallest project."""
    return len(_files(folder))


def _files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def _read(root: Path, path: str) -> dict[str, Any]:
    try:
        data = json.loads((root / path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _missing(path, "none that can be read") from error
    if not isinstance(data, dict):
        raise _missing(path, "no object")
    return data


def _write(file: Path, data: dict[str, Any]) -> None:
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _missing(place: str, got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        place,
        got=got,
        expected="npm's workspaces and lockfile, and a project with tests that another one can be made like",
        action="Name another project, or try by hand whether CI keeps a project without tests out.",
    )
