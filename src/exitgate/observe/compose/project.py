"""Where in a Compose project a service stands, and what it takes from others: ``include`` and ``extends``.

Source: https://docs.docker.com/reference/compose-file/merge/
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.compose.interpolation import fill
from exitgate.observe.compose.source import Node, read_yaml

_REPLACED = frozenset(("command", "entrypoint", "test"))
_NAMED = frozenset(("environment", "labels", "sysctls", "annotations", "extra_hosts"))
"""Written as a mapping or as a list of ``NAME=value``; two of them come together by name."""
_OVERRIDES = (
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundService:
    """A service as it stands once all that it extends is put together."""

    path: str
    source: str
    place: str
    """``path:line`` of its name."""
    keys: dict[str, Node]
    folder: str
    """What its relative paths start from, relative to the target; without a slash at the end."""
    volumes: dict[str, Node]
    """The project's named volumes."""
    services: dict[str, Node]
    """All services of its file."""
    variables: dict[str, str]
    """What ``.env`` files of the target give."""
    limits: tuple[str, ...] = ()


def find_service(root: Path, path: str, name: str) -> FoundService:
    """Find a service in a Compose file, or in one that it includes.

    Raises:
        ObservationError: if a file can't be read, or there is no such service.
        PrerequisiteMissing: if the project is made of what is not in the target.
    """
    known: list[str] = []
    found = _find(root, path, name, {}, (), known)
    if found is None:
        raise ObservationError(
            path,
            got=f"services {', '.join(known)}" if known else "no service",
            expected=f"one named {name!r}",
            action='Name the workload\'s service in exitgate.toml: container = "…".',
        )
    return found


def service_of(root: Path, found: FoundService, name: str) -> dict[str, Node] | None:
    """Return another service of the same file, put together; nothing where there is none of that name."""
    own = found.services.get(name)
    return _extended(root, found.path, name, own, found.services, ()) if own else None


def variables_of(text: str, variables: dict[str, str]) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
    """Yield the variables of a file of ``NAME=value`` lines with their values, and which others those lack.

    Raises:
        ValueError: if a line is no such line, with its number.
    """
    known = dict(variables)
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise ValueError(f"line {binding.original.line}: {binding.original.string.strip()!r}")
        if binding.key is None:
            continue
        literal = binding.original.string.partition("=")[2].lstrip().startswith("'")
        filled = fill(binding.value, known) if binding.value is not None and not literal else None
        value = filled.text if filled else binding.value
        known[binding.key] = value or ""
        yield binding.key, value, filled.unset if filled else ()


def _find(
    root: Path, path: str, name: str, outer: dict[str, str], within: tuple[str, ...], known: list[str]
) -> FoundService | None:
    if path in within:
        raise ObservationError(path, got="a file that includes itself", expected="an end", action="Take one out.")
    source, top = read_yaml(root, path)
    folder = posixpath.dirname(path)
    variables = {**_dot_env(root, folder), **outer}
    services = _mapping(top, "services", path)
    known += services
    if name in services:
        keys = _extended(root, path, name, services[name], services, ())
        beside = [each for each in _OVERRIDES if (root / folder / each).is_file() and posixpath.basename(path) != each]
        return FoundService(
            path=path,
            source=source,
            place=services[name].place,
            keys=keys,
            folder=folder,
            volumes=_mapping(top, "volumes", path),
            services=services,
            variables=variables,
            limits=tuple(f"{posixpath.join(folder, each)} is not read" for each in beside),
        )
    for entry in top.mapping["include"].items if "include" in top.mapping else ():
        files = entry.mapping["path"].items if "path" in entry.mapping else (entry,)
        if len(files) > 1 or "env_file" in entry.mapping or "project_directory" in entry.mapping:
            raise _unfollowed(entry.place, "an include of several files, or with a folder or variables of its own")
        found = _find(
            root,
            _path_of(root, files[0] if files else entry, folder, variables),
            name,
            variables,
            (*within, path),
            known,
        )
        if found:
            return found
    return None


def _mapping(top: Node, key: str, path: str) -> dict[str, Node]:
    if key not in top.mapping or top.mapping[key].value is None:
        return {}
    if not isinstance(top.mapping[key].value, dict):
        raise ObservationError(
            top.mapping[key].place, got=f"{key}: no mapping", expected=f"{key} by name", action=f"Mend {path}."
        )
    return top.mapping[key].mapping


def _dot_env(root: Path, folder: str) -> dict[str, str]:
    """Return what the ``.env`` beside a Compose file sets; one that is not committed is not there."""
    path = posixpath.join(folder, ".env")
    try:
        text = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else ""
        return {name: value for name, value, unset in variables_of(text, {}) if value is not None and not unset}
    except (OSError, ValueError) as error:
        raise ObservationError(
            path, got=str(error), expected="lines of NAME=value", action="Mend that file."
        ) from error


def _extended(
    root: Path, path: str, name: str, own: Node, services: dict[str, Node], within: tuple[tuple[str, str], ...]
) -> dict[str, Node]:
    """Return a service's keys over those of the service that it extends, and of all that this one does."""
    if (path, name) in within:
        raise ObservationError(
            own.place, got=f"{name!r}, which extends itself", expected="an end", action="Take out one `extends`."
        )
    if not isinstance(own.value, dict):
        raise ObservationError(own.place, got=f"{name!r} is no mapping", expected="a service", action="Mend it.")
    extends = own.mapping.get("extends")
    if extends is None:
        return own.mapping
    keys = extends.mapping
    of = keys.get("service", extends)
    if not isinstance(of.value, str):
        raise ObservationError(extends.place, got="no service", expected="the name of one", action="Mend `extends`.")
    base_path, base_services = path, services
    if "file" in keys:
        base_path = _path_of(root, keys["file"], posixpath.dirname(path), {})
        base_services = _mapping(read_yaml(root, base_path)[1], "services", base_path)
    if of.value not in base_services:
        raise ObservationError(
            extends.place,
            got=f"{of.value!r}, which {base_path} does not have",
            expected="a service that is there",
            action="Correct its name.",
        )
    base = _extended(root, base_path, of.value, base_services[of.value], base_services, (*within, (path, name)))
    return merged(base, {key: value for key, value in own.mapping.items() if key != "extends"})


def merged(base: dict[str, Node], own: dict[str, Node]) -> dict[str, Node]:
    """Lay one service's keys over another's: mappings by name, lists one after the other, the rest in its place."""
    result = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if below is None or below.value is None or value.value is None or value.tag or key in _REPLACED:
            result[key] = value
        elif key in _NAMED:
            result[key] = Node(value={**named(below), **named(value)}, place=value.place)
        elif isinstance(value.value, dict) and isinstance(below.value, dict):
            result[key] = Node(value=merged(below.value, value.value), place=value.place)
        elif isinstance(value.value, tuple) or isinstance(below.value, tuple):
            result[key] = Node(value=(*below.items, *value.items), place=value.place, tag=below.tag)
        else:
            result[key] = value
    return result


def named(node: Node) -> dict[str, Node]:
    """Return ``NAME=value`` lines as the mapping that they are; a name alone has nothing for a value."""
    if isinstance(node.value, dict):
        return node.value
    found: dict[str, Node] = {}
    for each in node.items:
        if not isinstance(each.value, str):
            raise ObservationError(each.place, got=f"{each.value!r}", expected="NAME=value", action="Mend that line.")
        name, sign, value = each.value.partition("=")
        found[name] = Node(value=value if sign else None, place=each.place, tag=each.tag)
    return found


def path_inside(root: Path, place: str, folder: str, value: str) -> str:
    """Return a path of the project relative to the target.

    Raises:
        ObservationError: if it leads out of the target, through a link too.
    """
    path = posixpath.normpath(posixpath.join(folder, value))
    try:
        inside = (root / path).resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        raise ObservationError(place, got=f"{value!r}", expected="a path inside the target", action="Name one that is.")
    return path


def _path_of(root: Path, node: Node, folder: str, variables: dict[str, str]) -> str:
    if not isinstance(node.value, str):
        raise ObservationError(node.place, got="no path", expected="the path of a file", action="Mend that line.")
    try:
        filled = fill(node.value, variables)
    except ValueError as error:
        raise ObservationError(node.place, got=str(error), expected="a path", action="Mend that line.") from error
    if filled.unset or "://" in filled.text or filled.text.endswith(".git"):
        raise _unfollowed(node.place, node.value)
    return path_inside(root, node.place, folder, filled.text)


def _unfollowed(place: str, got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        place,
        got=got,
        expected="Compose files that lie in the target",
        action="Name the file that holds the service itself in exitgate.toml, or put all of it into one.",
    )
