"""Packages that earlier runs of this user's installed, kept for later ones: what ``npm ci`` made of them, and npm's own cache.

What is kept was made before anything of a target's was run, and lies where no workflow reaches; each run gets a copy. It is
known by every file that npm reads, Node's versions and the registry's address, so whatever differs is installed anew.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from exitgate.errors import ObservationError
from exitgate.process import run_tool, scrubbed_environment

_ENTRIES: Final = 3
"""How many are kept, those that were used last."""
_ROOM_BYTES: Final = 8 * 10**9
"""Of the disk, that has to be free for anything to be kept."""
_COPY_TIMEOUT_S: Final = 300.0
_TREES, _CACHE, _HALF_MADE = "installed", "npm", ".new"


def package_cache() -> Path:
    """Return the folder below which packages are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exitgate" / "packages"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPackages:
    """What is known by one set of keys. Made by `kept_packages`."""

    folder: Path
    keys: frozenset[str]
    """Of the installs that belong to it."""

    def give(self, trees: Path, cache: Path) -> bool:
        """Copy what is kept, with its owner, to where a run has its own; say whether there is anything.

        Args:
            trees: Folder of installed packages, one folder for each key.
            cache: npm's own folder in the user's home, which need not be there.

        Raises:
            ObservationError: if it can't be copied.
        """
        if not self.folder.is_dir():
            return False
        os.utime(self.folder)
        for name, destination in ((_TREES, trees), (_CACHE, cache)):
            if words := _copy(self.folder / name, destination):
                raise ObservationError(
                    str(self.folder),
                    got=f"packages that can't be copied: {words}",
                    expected="a copy of its own for each run",
                    action="Make room in the folder of temporary files, or remove what is kept: `exitgate sweep --cache`.",
                )
        return True

    def keep(self, trees: Path, cache: Path) -> None:
        """Keep what a run installed, and forget what was not used for longest; nothing is kept where there is no room for it.

        Args:
            trees: As `give` takes it; what is not by one of the keys is left there.
            cache: As `give` takes it.
        """
        if shutil.disk_usage(self.folder.parent).free < _ROOM_BYTES:
            return
        made = self.folder.with_suffix(_HALF_MADE)
        shutil.rmtree(made, ignore_errors=True)
        wanted = [(trees / key, made / _TREES / key) for key in sorted(self.keys)]
        if any(_copy(source, destination) for source, destination in (*wanted, (cache, made / _CACHE))):
            shutil.rmtree(made, ignore_errors=True)
            return
        of = trees.stat()
        os.chown(made / _TREES, of.st_uid, of.st_gid)
        (made / _TREES).chmod(stat.S_IMODE(of.st_mode))
        shutil.rmtree(made / _CACHE / "_logs", ignore_errors=True)
        _share_equal_files(sorted((made / _TREES).iterdir()))
        made.rename(self.folder)
        entries = sorted(
            (each for each in self.folder.parent.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime
        )
        for each in entries[:-_ENTRIES]:
            shutil.rmtree(each, ignore_errors=True)


@contextmanager
def kept_packages(keys: Sequence[str], registry: str, folder: Path | None = None) -> Iterator[KeptPackages]:
    """Have a turn at what is kept: nobody else installs, copies or forgets any of it meanwhile.

    Args:
        keys: Of all installs that a run begins with.
        registry: The address that packages come from.
        folder: Below which they are kept; the user's cache where none is given.
    """
    place = folder or package_cache()
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    name = hashlib.sha256("\n".join((registry, *sorted(keys))).encode()).hexdigest()[:24]
    with FileLock(place / ".lock"):
        yield KeptPackages(folder=place / name, keys=frozenset(keys))


def _copy(source: Path, destination: Path) -> str:
    """Copy a folder with owners, times and what its files share; return what kept it from that, or nothing."""
    destination.mkdir(parents=True, exist_ok=True)
    words = ["cp", "--archive", "--reflink=auto", f"{source}/.", str(destination)]
    said = run_tool(words, timeout_s=_COPY_TIMEOUT_S, environment=scrubbed_environment())
    return said.last_words if said.exit_code else ""


def _share_equal_files(trees: Sequence[Path]) -> None:
    """Have installs under several versions of Node.js share what is the same in all of them, as it mostly is."""
    for tree in trees[1:]:
        for folder, _, names in os.walk(tree):
            for name in names:
                own = Path(folder) / name
                first = trees[0] / own.relative_to(tree)
                if own.is_symlink() or first.is_symlink() or not first.is_file():
                    continue
                if filecmp.cmp(first, own, shallow=False) and first.stat().st_mode == own.stat().st_mode:
                    own.unlink()
                    own.hardlink_to(first)
