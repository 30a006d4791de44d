"""Removes what runs left behind that can't have removed it themselves: their controlling process is gone."""

from __future__ import annotations

import functools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitgate.errors import ProvisionError
from exitgate.process import RUN_VARIABLE
from exitgate.provision.emulator.installation import emulator_cache
from exitgate.provision.engine import Engine
from exitgate.provision.favour import groups, remove_group
from exitgate.provision.given_leftovers import drop_role, marked_roles, noted_place, unreachable
from exitgate.provision.given_server import GivenServer
from exitgate.provision.ownership import OWNER_LABEL, RUN_LABEL, Owner
from exitgate.provision.scratch import marked_folders, remove_scratch_folder
from exitgate.provision.stack_takedown import removers, standing_below
from exitgate.provision.substitutes import CACHE_LABEL
from exitgate.provision.workflow_run.kept_packages import package_cache

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something that a run made."""

    kind: str
    name: str
    run: str
    owner: str
    remove: Callable[[], object]

    @property
    def is_orphaned(self) -> bool:
        """Its run is surely over. What another machine's run made, nobody here can know."""
        owner = Owner.parse(self.owner)
        return owner is not None and owner.is_gone()


def leftovers(engine: Engine | None, server: GivenServer | None = None) -> list[Leftover]:
    """Find everything that any run made and that is still there: containers first, then what they use.

    Args:
        engine: Where to look for containers, images, networks and volumes; without one only processes and folders are found.
        server: Where to look for databases. A folder that tells of another one stays, as what can't be removed yet.
    """
    found = list(_engine_leftovers(engine.client)) if engine else []
    folders = [_folder(path, run, owner, server) for path, run, owner in marked_folders()]
    found += _databases(server) if server else []
    owners = {each.run: each.owner for each in (*found, *folders)}
    favoured = [
        Leftover(kind="control group", name=path.name, run=run, owner=owners.get(run, ""), remove=_group_remover(path))
        for path, run in groups()
    ]
    return [*_processes(owners), *found, *favoured, *_stacks(), *folders]


def remove(items: list[Leftover]) -> list[str]:
    """Remove what is given and return, in words, what could not be removed."""
    failures: list[str] = []
    for item in items:
        try:
            item.remove()
        except Exception as error:  # noqa: BLE001 - one stubborn thing must not keep the others from being removed
            if not _is_gone_already(error):
                failures.append(f"{item.kind} {item.name}: {error}")
    return failures


def of_run(engine: Engine | None, run_id: str, server: GivenServer | None = None) -> list[Leftover]:
    """Find what one run made, whoever owns it."""
    return [item for item in leftovers(engine, server) if item.run == run_id]


def cached_images(engine: Engine) -> list[Leftover]:
    """Find the images that outlive runs because making them is expensive."""
    return [
        Leftover(kind="image", name=name, run="", owner="", remove=_image_remover(engine.client, image_id))
        for image_id, name, labels in _images(engine.client, CACHE_LABEL)
        # What is built on a cached image inherits its label, and belongs to its run.
        if RUN_LABEL not in labels
    ]


def cached_installations() -> list[Leftover]:
    """Find the emulators of AWS, and the packages of targets, that outlive runs because installing them is expensive."""
    return [
        Leftover(kind="folder", name=str(path), run="", owner="", remove=functools.partial(shutil.rmtree, path))
        for cache in (emulator_cache(), package_cache())
        for path in sorted(cache.glob("*"))
        if path.is_dir()
    ]


def _images(client: DockerClient, label: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield id, name and labels of the images with a label, from the list alone.

    The SDK's own list (7.2) looks each of them up again, and fails where another run has removed one in between.
    """
    for image in client.api.images(filters={"label": label}):
        yield str(image["Id"]), (image.get("RepoTags") or [str(image["Id"])[:19]])[0], image.get("Labels") or {}


def _engine_leftovers(client: DockerClient) -> Iterator[Leftover]:
    ours: dict[str, str | list[str] | bool] = {"label": RUN_LABEL}
    for container in client.containers.list(all=True, filters=ours, ignore_removed=True):
        removal = functools.partial(container.remove, v=True, force=True)
        yield _leftover("container", container.name, container.labels, removal)
    for network in client.networks.list(filters=ours):
        yield _leftover("network", network.name, network.attrs.get("Labels") or {}, network.remove)
    for volume in client.volumes.list(filters=ours):
        yield _leftover("volume", volume.name, volume.attrs.get("Labels") or {}, volume.remove)
    for image_id, name, labels in _images(client, RUN_LABEL):
        yield _leftover("image", name, labels, _image_remover(client, image_id))


def _leftover(kind: str, name: object, labels: dict[str, Any], remove_it: Callable[[], object]) -> Leftover:
    return Leftover(
        kind=kind,
        name=str(name),
        run=str(labels.get(RUN_LABEL)),
        owner=str(labels.get(OWNER_LABEL, "")),
        remove=remove_it,
    )


def _image_remover(client: DockerClient, image_id: object) -> Callable[[], object]:
    return lambda: client.images.remove(str(image_id), force=True)


def _folder(path: Path, run: str, owner: str, server: GivenServer | None) -> Leftover:
    place = noted_place(path)
    if place and (server is None or server.place != place):

        def refuse() -> None:
            raise unreachable(place)

        return Leftover(kind="databases", name=f"on {place}", run=run, owner=owner, remove=refuse)
    return Leftover(kind="folder", name=str(path), run=run, owner=owner, remove=_remover(path))


def _stacks() -> Iterator[Leftover]:
    """Yield what runs applied to an endpoint that outlives them; nothing is asked of it before it is taken down."""
    for path, run, owner in marked_folders():
        for words, removal in removers(path):
            yield Leftover(kind="stack", name=words, run=run, owner=owner, remove=removal)


def _databases(server: GivenServer) -> Iterator[Leftover]:
    for role, run, owner in marked_roles(server):
        removal = functools.partial(drop_role, server, role)
        yield Leftover(kind="databases", name=f"of role {role} on {server.place}", run=run, owner=owner, remove=removal)


def _remover(path: Path) -> Callable[[], object]:
    def remove_it() -> None:
        if standing_below(path):
            raise ProvisionError(
                str(path),
                got="the state of a stack that may still stand",
                expected="that one taken down first",
                action="Start the endpoint on which it stands, and sweep again; or remove both by hand.",
            )
        remove_scratch_folder(path)

    return remove_it


def _group_remover(path: Path) -> Callable[[], object]:
    return lambda: remove_group(path)


def _processes(owners: dict[str, str]) -> Iterator[Leftover]:
    """Yield processes that a run started and that carry its id in their environment, the run's own processes excepted."""
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        mark = next((item for item in variables if item.startswith(f"{RUN_VARIABLE}=".encode())), None)
        if mark is None:
            continue
        run_id, _, owner = mark.decode("utf-8", "replace").partition("=")[2].partition("@")
        pid = int(entry.name)
        owned_by = owner or owners.get(run_id, "")
        parsed = Owner.parse(owned_by)
        if parsed and parsed.pid == pid:
            continue
        yield Leftover(
            kind="process",
            name=str(pid),
            run=run_id,
            owner=owned_by,
            remove=functools.partial(os.kill, pid, signal.SIGKILL),
        )


def _is_gone_already(error: Exception) -> bool:
    from docker.errors import NotFound

    return isinstance(error, NotFound | ProcessLookupError | FileNotFoundError)
