"""A control group of a run's own that the kernel favours: what is timed must not wait for what merely works.

An engine puts all containers into one group, which weighs as much as one single process of the machine: beside six busy ones,
all containers together get a seventh. Source: the kernel's documentation of cgroup v1, ``cpu.shares``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exitgate.provision.engine import Engine
from exitgate.run import Run

PREFIX = "exitgate-"
_TREE = Path("/sys/fs/cgroup/cpu")
_COUNTING = Path("/sys/fs/cgroup/cpuacct")
"""Where the kernel counts what a group used; on many machines the same tree."""
_SHARES = 4096
"""Of a usual 1024. The engine is outside of the group and has to get its turn too: at 65536, on a machine with nothing to spare, it
took five seconds to start a container and two to signal one."""
_USUAL, _IN_THE_BACKGROUND = 1024, 32
"""Of a container within the group. What is in the background gets what nobody else in it has a use for."""


def favoured_group(engine: Engine, run: Run) -> str | None:
    """Return the run's group, made where there is none yet; nothing where this machine or user can't have one."""
    if not engine.local or not (_TREE / "cpu.shares").is_file() or not os.access(_TREE, os.W_OK):
        return None
    if engine.client.info().get("CgroupDriver") != "cgroupfs":
        return None
    own = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    # Seen from within a container, the tree's top is not the machine's, and the engine would take the name for another one's.
    if not any(line.split(":", 2)[1].split(",")[0] == "cpu" for line in own):
        return None
    try:
        (_TREE / f"{PREFIX}{run.id}").mkdir(exist_ok=True)
        (_TREE / f"{PREFIX}{run.id}" / "cpu.shares").write_text(str(_SHARES), encoding="ascii")
        if _COUNTING.is_dir():
            (_COUNTING / f"{PREFIX}{run.id}").mkdir(exist_ok=True)
    except OSError:
        return None
    return f"{PREFIX}{run.id}"


def favour(group: str | None, *pids: int) -> None:
    """Put processes into a group, with all of their threads; those that have ended stay out."""
    if group:
        for pid in pids:
            for tree in (_TREE, _COUNTING):
                with suppress(OSError):
                    (tree / group / "cgroup.procs").write_text(str(pid), encoding="ascii")


def put_in_background(group: str | None, container_id: str) -> None:
    """Have a container of the group work only while no other in it wants to; nothing happens where there is no group."""
    _weigh(group, container_id, _IN_THE_BACKGROUND)


def put_in_foreground(group: str | None, container_id: str) -> None:
    """Have a container of the group count as much as any other again."""
    _weigh(group, container_id, _USUAL)


def _weigh(group: str | None, container_id: str, shares: int) -> None:
    if group:
        # One that has ended has no group any more.
        with suppress(OSError):
            (_TREE / group / container_id / "cpu.shares").write_text(str(shares), encoding="ascii")


def used_s(group: str | None) -> float | None:
    """Return the seconds of processor time that a group's processes have used, ended ones too; nothing where nobody counts."""
    try:
        return int((_COUNTING / (group or "") / "cpuacct.usage").read_text(encoding="ascii")) / 1e9 if group else None
    except (OSError, ValueError):
        return None


@contextmanager
def favoured(group: str | None) -> Iterator[None]:
    """Put this process into a group for as long as the block lasts."""
    if group is None:
        yield
        return
    before = [_own_group(tree) for tree in (_TREE, _COUNTING)]
    favour(group, os.getpid())
    try:
        yield
    finally:
        for each in before:
            with suppress(OSError):
                (each / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def _own_group(tree: Path) -> Path:
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if tree.name in controllers.split(","):
            return tree / path.lstrip("/")
    return tree


def groups() -> Iterator[tuple[Path, str]]:
    """Yield every run's group in the tree that this machine shows, with the run's id."""
    for path in _TREE.glob(f"{PREFIX}*") if _TREE.is_dir() else ():
        yield path, path.name.removeprefix(PREFIX)


def remove_group(path: Path) -> None:
    """Remove a group; the engine makes it in other trees too, under the same name."""
    for tree in sorted(_TREE.parent.iterdir()):
        for each in (*sorted((tree / path.name).glob("*/")), tree / path.name):
            if each.is_dir() and not tree.is_symlink():
                with suppress(FileNotFoundError, OSError) if each != path.resolve() else suppress(FileNotFoundError):
                    each.rmdir()
