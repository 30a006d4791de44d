"""One service of a Compose file on its way from YAML to types: variables filled in, files of variables read, limits noted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.observe.compose.interpolation import fill
from exitgate.observe.compose.model import KEYS, Service
from exitgate.observe.compose.project import FoundService, named, path_inside, variables_of
from exitgate.observe.compose.source import Node, text_of

_NAMESPACES = ("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup")
_MOST_NODES = 20_000


@dataclass(slots=True, kw_only=True)
class Reading:
    """One service on its way from nodes to settings."""

    root: Path
    found: FoundService
    assumed: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)
    nodes: int = 0

    def place(self, key: str) -> str:
        """Return where one of the service's keys stands, or where the service does."""
        return self.found.keys[key].place if key in self.found.keys else self.found.place

    def service(self, keys: dict[str, Node]) -> Service:
        """Return a service's keys in their types.

        Raises:
            ObservationError: if Compose would refuse one.
            PrerequisiteMissing: if one has a variable that is set nowhere, or a tag that is not followed.
        """
        read = {key: node for key, node in keys.items() if key in KEYS and node.value is not None}
        try:
            return Service.model_validate({key: self.plain(node) for key, node in read.items()})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            steps = tuple(step for step in first["loc"] if not str(step).startswith("function-"))
            raise ObservationError(
                _place_of(read, steps, self.found.place),
                got=one_line(".".join(map(str, steps)) + ": " + first["msg"].removeprefix("Value error, "), 200),
                expected="what Compose accepts in a service",
                action="Mend that key; `docker compose config` says what it makes of the file.",
            ) from error

    def plain(self, node: Node) -> object:
        """Return a node as plain data, with its variables' values in it."""
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise ObservationError(
                node.place,
                got=f"more than {_MOST_NODES} values in one service",
                expected="a service of sensible size",
                action="Look for aliases that multiply.",
            )
        if node.tag:
            raise PrerequisiteMissing(
                node.place,
                got=f"the tag {node.tag}",
                expected="plain YAML in what decides how the service runs",
                action="Write the value without it.",
            )
        if isinstance(node.value, dict):
            return {key: self.plain(value) for key, value in node.value.items() if value.value is not None}
        if isinstance(node.value, tuple):
            return [self.plain(each) for each in node.value]
        return self.filled(node) if isinstance(node.value, str) else node.value

    def filled(self, node: Node, given: bool = False) -> str | None:  # noqa: FBT001, FBT002
        """Return a text with its variables' values in it; nothing where one has none and the run gives another value."""
        try:
            filled = fill(text_of(node.value) if not isinstance(node.value, tuple | dict) else "", self.found.variables)
        except ValueError as error:
            raise ObservationError(
                node.place, got=str(error), expected="a template", action="Mend it; $$ is a plain $."
            ) from error
        if filled.unset and not given:
            raise unknown_variable(node.place, filled.unset[0])
        self.assumed.update(filled.assumed)
        return None if filled.unset else filled.text

    def environment(self, given: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Return the variables of the service with their values, in its own order, but for those that only the run knows."""
        values: dict[str, str] = {}
        files = self.found.keys.get("env_file")
        for file in (files.items or (files,)) if files and files.value is not None else ():
            values |= self._of_file(file, given)
        own = self.found.keys.get("environment")
        for name, node in named(own).items() if own else ():
            if node.tag or isinstance(node.value, tuple | dict):
                raise ObservationError(
                    node.place, got=f"{name} is no text", expected="a value", action="Mend that variable."
                )
            value = self.found.variables.get(name) if node.value is None else self.filled(node, name in given)
            if value is None and name not in given:
                raise unknown_variable(node.place, name)
            values.pop(name, None)
            if value is not None:
                values[name] = value
        return tuple(values.items())

    def _of_file(self, node: Node, given: frozenset[str]) -> dict[str, str]:
        entry = self.plain(node)
        written = entry.get("path") if isinstance(entry, dict) else entry
        if not isinstance(written, str):
            raise ObservationError(node.place, got="no path", expected="the path of a file", action="Mend `env_file`.")
        path = path_inside(self.root, node.place, self.found.folder, written)
        if not (self.root / path).is_file():
            self.unread.append(f"what {path} sets is unknown: it is not in the target")
            return {}
        values: dict[str, str] = {}
        try:
            text = (self.root / path).read_text(encoding="utf-8")
            for name, value, unset in variables_of(text, self.found.variables):
                if (value is None or unset) and name not in given:
                    raise unknown_variable(node.place, unset[0] if unset else name)
                if value is not None and not unset:
                    values[name] = value
        except (OSError, ValueError) as error:
            raise ObservationError(
                path, got=one_line(str(error), 200), expected="lines of NAME=value", action="Mend that file."
            ) from error
        return values

    def started(self, key: str, words: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Return the words of an entry point or command.

        Raises:
            PrerequisiteMissing: if there is one without words: engines and Compose differ in what that starts.
        """
        if words == ():
            raise PrerequisiteMissing(
                self.place(key),
                got=f"an empty {key}, which takes the image's own away",
                expected="what is to be started",
                action=f"Name it, or take {key} out so that the image decides.",
            )
        return words

    def security_options(self, own: Service) -> tuple[str, ...]:
        """Return the options as an engine takes them: it wants a profile's text, where Compose names its file."""
        options = []
        for option in own.security_opt:
            name, value = option.replace(":", "=", 1).partition("=")[::2]
            if name == "systempaths":
                self.unread.append(f"{option} is not set in a run")
                continue
            if name == "seccomp" and value not in {"unconfined", "builtin", "default"}:
                path = path_inside(self.root, self.place("security_opt"), self.found.folder, value)
                try:
                    options.append(f"seccomp={(self.root / path).read_text(encoding='utf-8')}")
                except (OSError, ValueError) as error:
                    raise ObservationError(
                        self.place("security_opt"),
                        got=f"{option}, which can't be read",
                        expected="a profile in the target",
                        action="Correct its path, or commit it.",
                    ) from error
                continue
            options.append(option)
        return tuple(options)

    def kernel_parameters(self) -> tuple[tuple[str, str], ...]:
        """Return ``sysctls``."""
        node = self.found.keys.get("sysctls")
        pairs = ((name, self.filled(each)) for name, each in named(node).items()) if node else ()
        return tuple((name, value) for name, value in pairs if value is not None)

    def limits_of(self, own: Service) -> tuple[str, ...]:
        """Return what a run leaves out of what the service says."""
        shared = [f"{key}: {mode} is not done in a run" for key, mode in modes(own) if ":" in mode]
        hooks = [f"{key} is not run" for key in ("post_start", "pre_stop") if getattr(own, key)]
        signal = own.stop_signal.upper().removeprefix("SIG")
        other = [f"production stops it by {own.stop_signal}, a run by SIGTERM"] if signal not in {"TERM", "15"} else []
        assumed = [
            f"the variable {name} is taken as {self.found.path} has it where it is not set"
            for name in sorted(self.assumed)
        ]
        return (*self.found.limits, *assumed, *self.unread, *shared, *hooks, *other)


def unknown_variable(place: str, name: str) -> PrerequisiteMissing:
    """Return what is said of a variable whose value decides something and stands nowhere in the target."""
    return PrerequisiteMissing(
        place,
        got=f"the variable {name}, which is set nowhere in the target",
        expected="a value to run with",
        action=f"Give it a default (${{{name}:-…}}) or a committed .env; one of the container's own, a value in exitgate.toml.",
    )


def modes(own: Service) -> Iterator[tuple[str, str]]:
    """Yield each kind of namespace with whose the service is in."""
    return ((key, str(getattr(own, key))) for key in _NAMESPACES)


def _place_of(keys: dict[str, Node], steps: tuple[str | int, ...], place: str) -> str:
    """Return where the value stands that some steps lead to, or the closest that encloses it."""
    at = Node(value=keys, place=place)
    for step in steps:
        below = dict(enumerate(at.items)).get(step) if isinstance(step, int) else at.mapping.get(step)
        if below is None:
            break
        at, place = below, below.place
    return place
