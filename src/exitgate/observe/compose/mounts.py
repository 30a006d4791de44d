"""What a Compose service finds mounted: its own volumes, those of services that it takes them from, and tmpfs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.compose.model import Service, Volume
from exitgate.observe.compose.project import service_of
from exitgate.observe.compose.reading import Reading
from exitgate.observe.compose.source import Node
from exitgate.settings import Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMount:
    """A mount and where it is given."""

    path: str
    mount: Mount | None
    """Nothing for a tmpfs that may be written to."""
    place: str
    """``path:line``."""

    @property
    def writable(self) -> bool:
        """Whether it may be written to."""
        return self.mount is None or not self.mount.read_only


def mounts_of(reading: Reading, own: Service) -> list[PlacedMount]:
    """Return what is mounted, once for each path: a later entry stands for an earlier one, an own one for another service's.

    Raises:
        ObservationError: if a volume or a service is named that is not there.
        PrerequisiteMissing: if volumes are taken from a container that no service describes.
    """
    found = reading.found
    mounts: dict[str, PlacedMount] = {}
    for index, entry in enumerate(own.volumes_from):
        place = _place(found.keys, "volumes_from", index, found.place)
        for each in _of_another(reading, entry, place):
            mounts[each.path] = each
    for each in _own(reading, found.keys, own):
        mounts[each.path] = each
    return list(mounts.values())


def _own(reading: Reading, keys: dict[str, Node], service: Service) -> list[PlacedMount]:
    found, mounts = reading.found, []
    for index, volume in enumerate(service.volumes):
        place = _place(keys, "volumes", index, found.place)
        if volume.type == "tmpfs":
            mounts.append(_tmpfs(volume.target, place, read_only=volume.read_only))
            continue
        # What another image holds is mounted as it is, and can't be changed.
        mount = Mount(
            path=volume.target,
            read_only=volume.read_only or volume.type == "image",
            host_path=volume.source if volume.type == "bind" else _bound(reading, volume, place),
        )
        mounts.append(PlacedMount(path=volume.target, mount=mount, place=place))
    for index, entry in enumerate(service.tmpfs):
        path, _, options = entry.partition(":")
        place = _place(keys, "tmpfs", index, found.place)
        mounts.append(_tmpfs(path, place, read_only="ro" in options.split(",")))
    return mounts


def _tmpfs(path: str, place: str, *, read_only: bool) -> PlacedMount:
    return PlacedMount(path=path, mount=Mount(path=path, read_only=True) if read_only else None, place=place)


def _bound(reading: Reading, volume: Volume, place: str) -> str:
    """Return the host's folder that a named volume is, where it is one."""
    if not volume.source or volume.type != "volume":
        return ""
    found = reading.found
    if volume.source not in found.volumes:
        raise ObservationError(
            place,
            got=f"the volume {volume.source!r}, which is not declared",
            expected=f"one of {', '.join(found.volumes) or 'none: there is no volumes: at the top'}",
            action="Declare it, or correct its name.",
        )
    options = found.volumes[volume.source].mapping.get("driver_opts")
    device = options.mapping.get("device") if options else None
    # A share of another machine is no folder of this host.
    text = reading.filled(device) if device else None
    return text if text and text.startswith(("/", "~", ".")) else ""


def _of_another(reading: Reading, entry: str, place: str) -> list[PlacedMount]:
    found = reading.found
    name, _, mode = entry.partition(":")
    if name == "container":
        raise PrerequisiteMissing(
            place,
            got=f"volumes of a container that no service describes: {entry}",
            expected="volumes that the Compose file tells of",
            action="Declare them as volumes.",
        )
    keys = service_of(reading.root, found, name)
    if keys is None:
        raise ObservationError(
            place,
            got=f"volumes from {name!r}, which is not there",
            expected=f"one of {', '.join(found.services)}",
            action="Correct its name.",
        )
    service = reading.service({key: node for key, node in keys.items() if key in {"volumes", "tmpfs", "volumes_from"}})
    if service.volumes_from:
        raise PrerequisiteMissing(
            place,
            got=f"volumes from {name}, which takes its own from others",
            expected="volumes that one service declares",
            action="Name the service that declares them.",
        )
    return [
        PlacedMount(
            path=each.path,
            mount=replace(each.mount, read_only=True) if each.mount and mode == "ro" else each.mount,
            place=place,
        )
        for each in _own(reading, keys, service)
        # A tmpfs belongs to one container alone.
        if each.mount
    ]


def _place(keys: dict[str, Node], key: str, index: int, place: str) -> str:
    if key not in keys:
        return place
    items = keys[key].items
    return items[index].place if index < len(items) else keys[key].place
