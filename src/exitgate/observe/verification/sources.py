"""Where a repository says what its verification runs: scripts of package.json, targets of Nx, Makefiles, scripts of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exitgate.errors import ObservationError
from exitgate.observe.json_source import line_of_key
from exitgate.provision.git import git, succeeded

_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedScript:
    """A script that has a name: of package.json, of an Nx target, or a Makefile's recipe."""

    name: str
    path: str
    line: int
    text: str
    ignored: bool = False
    """Whether what runs it ignores its status: a recipe line that starts with ``-``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetting:
    """An option of a task that lets it pass with nothing done."""

    name: str
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The committed files of a clone, and the scripts that they name."""

    root: Path
    files: frozenset[str]

    def text(self, path: str) -> str | None:
        """Return a committed text file; nothing where it is none."""
        file = self.root / path
        if path not in self.files or not file.is_file() or file.stat().st_size > _LARGEST_BYTES:
            return None
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None

    def named(self, *names: str) -> list[str]:
        """Return the committed files of one of these names, sorted."""
        return sorted(path for path in self.files if path.rpartition("/")[2] in names)

    def scripts(self) -> Iterator[NamedScript]:
        """Yield the scripts of every package.json, and the commands of every project.json."""
        for path in self.named("package.json"):
            data, text = self.json(path)
            for name, script in _texts(data.get("scripts")):
                yield NamedScript(name=name, path=path, line=line_of_key(text, ("scripts", name)), text=script)
        for path in self.named("project.json"):
            data, text = self.json(path)
            for name, target in _tables(data.get("targets")):
                options = dict(next(_options(target), ((), {}))[1])
                given = [target.get("command"), options.get("command"), *_as_list(options.get("commands"))]
                for each in given:
                    command = each.get("command") if isinstance(each, dict) else each
                    if isinstance(command, str):
                        yield NamedScript(name=name, path=path, line=line_of_key(text, ("targets", name)), text=command)

    def recipes(self) -> Iterator[NamedScript]:
        """Yield the recipe lines of Makefiles by target; ``.IGNORE`` and ``-`` before a command are noted."""
        for path in self.named("Makefile", "makefile", "GNUmakefile"):
            text = self.text(path) or ""
            everything = bool(re.search(r"^\.IGNORE:\s*$", text, re.MULTILINE))
            spared = {name for line in re.findall(r"^\.IGNORE:(.+)$", text, re.MULTILINE) for name in line.split()}
            targets: list[str] = []
            waiting, start = "", 0
            for number, line in enumerate(text.splitlines(), 1):
                if waiting or line.startswith("\t"):
                    start = start if waiting else number
                    waiting += line.removeprefix("\t") if not waiting else "\n" + line
                    if line.endswith("\\"):
                        continue
                    bare = waiting.lstrip("@+- ")
                    ignored = "-" in waiting[: len(waiting) - len(bare)] or everything or bool(spared & set(targets))
                    shell = re.sub(r"\$[({][^)}]*[)}]|\$[@<^*?]", "__make__", bare).replace("$$", "$")
                    for target in targets:
                        yield NamedScript(name=target, path=path, line=start, text=shell, ignored=ignored)
                    waiting = ""
                elif match := re.match(r"^([^\s#:=][^:=]*):(?!=)", line):
                    targets = match[1].split()

    def settings(self) -> Iterator[TaskSetting]:
        """Yield ``passWithNoTests`` of Nx's targets, by target."""
        for path in self.named("nx.json", "project.json", "package.json"):
            data, text = self.json(path)
            nx = data.get("nx") if isinstance(data.get("nx"), dict) else {}
            for keys, tables in (
                (("targetDefaults",), data.get("targetDefaults")),
                (("targets",), data.get("targets")),
                (("nx", "targets"), nx.get("targets") if isinstance(nx, dict) else None),
            ):
                for name, target in _tables(tables):
                    for where, options in _options(target):
                        for option in ("passWithNoTests", "failOnError"):
                            hides = options.get(option) is (option == "passWithNoTests")
                            if hides and option in options:
                                line = line_of_key(text, (*keys, name, *where, option))
                                shown = f"{option}: {json.dumps(options[option])}"
                                yield TaskSetting(name=name, path=path, line=line, text=shown)

    def json(self, path: str) -> tuple[Mapping[str, Any], str]:
        """Return what a JSON file holds, with its text; nothing of one that is no table."""
        text = self.text(path) or "{}"
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return {}, text
        return (data if isinstance(data, dict) else {}), text


def read_repository(root: Path) -> Repository:
    """List what git tracks in a clone.

    Raises:
        ObservationError: if it tracks nothing.
    """
    listed = succeeded(git(root, "ls-files", "-z", "--cached"), root).stdout.split("\0")
    files = frozenset(filter(None, listed))
    if not files:
        raise ObservationError(str(root), got="no committed file", expected="a repository", action="Commit its files.")
    return Repository(root, files)


def _texts(table: object) -> Iterator[tuple[str, str]]:
    if isinstance(table, dict):
        yield from ((str(name), text) for name, text in table.items() if isinstance(text, str))


def _tables(table: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(table, dict):
        yield from ((str(name), each) for name, each in table.items() if isinstance(each, dict))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _options(target: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(target.get("options"), dict):
        yield ("options",), target["options"]
    for name, options in _tables(target.get("configurations")):
        yield ("configurations", name), options
