"""Commands that workflows, images and task definitions run, followed into the scripts of the repository that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from exitgate.errors import ObservationError
from exitgate.observation import Observation
from exitgate.observe.json_source import line_of_key
from exitgate.observe.migrations.files import FILES
from exitgate.provision.git import git, succeeded

_CODE = frozenset({".sh", ".bash", ".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".rb", ".mk", ""})
_SCRIPTS = frozenset({".ts", ".mts", ".js", ".mjs", ".cjs"})
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "integration", "e2e", "spec", "fixtures", "testing"})
_LARGEST_BYTES = 512 * 1024
_PACKAGE_RUN = re.compile(
    r"\b(?:npm\s+run(?:-script)?|npm|pnpm(?:\s+run)?|yarn(?:\s+run)?|nx\s+run-many\s+-t|nx\s+affected\s+-t|nx\s+run)((?:\s+[\w:.@/-]+)+)"
)
_LIFECYCLE = frozenset({"start", "prestart", "poststart", "install", "preinstall", "postinstall", "prepare"})
_TEST_SCRIPT = re.compile(r"^(?:pre|post)?(?:test|integration|e2e)(?:$|[:-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandText:
    """A text that is run, or that is run by one."""

    kind: str
    """``workflow``, ``image``, ``task definition``, ``package script``, ``script`` or ``code``."""
    path: str
    line: int
    """1-based, of its first line."""
    text: str
    words: str = ""
    """The same on one line, quotes and commas between words taken out: as the program gets it."""
    name: str = ""
    """A workflow's ``job/step``, a package's script."""
    via: str = ""
    """What names it: ``file:line`` of that; empty for what is run by itself."""
    step: WorkflowStep | None = None

    def line_of(self, offset: int) -> int:
        """Return the line of an offset in the text."""
        return self.line + self.text.count("\n", 0, offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStep:
    """What of a workflow decides what becomes of a step."""

    workflow: str
    job: str
    job_name: str
    needs: tuple[str, ...]
    ignored: bool
    """It, or its job, may fail without consequence (continue-on-error)."""
    condition: str
    """Its own, or its job's, `if`; empty where it has none."""
    servers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Service containers of its job: name to image, environment, ports."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What workflow, job and step set, the nearest winning."""
    events: tuple[str, ...] = ()
    directory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands(Observation):
    """All that is run in the target, as far as its files tell."""

    texts: tuple[CommandText, ...]
    jobs: Mapping[str, tuple[str, tuple[str, ...], bool]] = field(default_factory=dict)
    """``{workflow:job: (its name, what it needs, whether it always runs)}``."""


def read_commands(root: Path) -> Commands:
    """Read what git tracks.

    Raises:
        ObservationError: if a workflow is no YAML that can be read.
    """
    files = [each for each in succeeded(git(root, "ls-files", "-z"), root).stdout.split("\0") if each]
    roots: list[CommandText] = []
    jobs: dict[str, tuple[str, tuple[str, ...], bool]] = {}
    scripts: dict[str, list[CommandText]] = {}
    for file in files:
        path = PurePosixPath(file)
        if str(path.parent) == ".github/workflows" and path.suffix in (".yml", ".yaml"):
            roots += _workflow(root, file, jobs)
        elif "Dockerfile" in path.name or path.name == "Containerfile":
            roots += _dockerfile(root, file)
        elif path.name == "package.json":
            for each in _package(root, file):
                scripts.setdefault(each.name, []).append(each)
        elif path.suffix == ".json" and "containerDefinitions" in _text(root, file):
            roots += _task_definition(root, file)
    roots += [each for name in sorted(_LIFECYCLE & scripts.keys()) for each in scripts[name]]
    code = [each for each in files if _is_code(each)]
    return Commands(substrate=FILES, texts=tuple(_reach(root, roots, scripts, code)), jobs=jobs)


def as_words(text: str) -> str:
    """Return a text with what stands between words in source code taken out: quotes, commas, brackets, line ends."""
    # What a comment warns of is not run.
    code = re.sub(r"^\s*(?:#(?!!)|//|\*|/\*).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"[\"'`,\[\]()\s\\]+", " ", code)


def _reach(
    root: Path, roots: list[CommandText], scripts: Mapping[str, list[CommandText]], code: list[str]
) -> Iterator[CommandText]:
    """Yield the roots and all that they lead to, each once."""
    queue, seen = list(roots), set()
    while queue:
        text = queue.pop(0)
        key = (text.path, text.line, text.name)
        if key in seen:
            continue
        seen.add(key)
        yield text
        via = f"{text.path}:{text.line}"
        for found in _PACKAGE_RUN.finditer(text.text):
            for name in re.split(r"[\s]+", found.group(1).strip()):
                script = name.rpartition(":")[2] if name not in scripts else name
                if _TEST_SCRIPT.match(script):
                    continue
                queue += [replace(each, via=via, step=text.step) for each in scripts.get(script, ())]
        queue += [
            replace(_source(root, file, "script"), via=via, step=text.step)
            for file in code
            if file.rpartition("/")[2] in text.text and _names(text, file)
        ]
    for file in code:
        if PurePosixPath(file).suffix in _SCRIPTS and (file, 1, "") not in seen:
            source = _source(root, file, "code")
            if "migrate" in source.words or "prisma" in source.words:
                yield source


def _source(root: Path, file: str, kind: str) -> CommandText:
    text = _text(root, file)
    return CommandText(kind=kind, path=file, line=1, text=text, words=as_words(text))


def _names(text: CommandText, file: str) -> bool:
    """Say whether a text names a file by its path from the root, or from the folder that the text lies in."""
    beside = str(PurePosixPath(text.path).parent)
    below = file.removeprefix(f"{beside}/")
    return any(re.search(rf"(?:^|[\s\"'=/]){re.escape(name)}(?:$|[\s\"';&|)])", text.text) for name in {file, below})


def _is_code(file: str) -> bool:
    path = PurePosixPath(file)
    tested = bool(_TEST_FOLDERS & set(path.parts[:-1])) or bool(re.search(r"\.(?:test|spec)\.", path.name))
    return path.suffix in _CODE and not tested and path.name not in ("LICENSE", "CODEOWNERS")


def _text(root: Path, file: str) -> str:
    path = root / file
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _workflow(root: Path, file: str, jobs: dict[str, tuple[str, tuple[str, ...], bool]]) -> Iterator[CommandText]:
    source = _text(root, file)
    try:
        node, data = yaml.compose(source), yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ObservationError(
            f"{file}:{mark.line + 1}" if mark else file,
            got=f"no YAML ({getattr(error, 'problem', error)})",
            expected="a workflow that can be read",
            action="Mend that line.",
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("jobs"), dict):
        return
    # YAML 1.1 reads the key `on` as true; GitHub does not.
    on = data.get("on", data.get(True))
    events = tuple(on) if isinstance(on, dict | list) else (str(on),)
    for job, body in data["jobs"].items():
        if not isinstance(body, dict):
            continue
        needs = body.get("needs") or ()
        needed = (needs,) if isinstance(needs, str) else tuple(map(str, needs))
        name = str(body.get("name") or job)
        jobs[f"{file}:{job}"] = (name, needed, "always()" in str(body.get("if", "")))
        for index, step in enumerate(body.get("steps") or ()):
            if not isinstance(step, dict) or not isinstance(step.get("run"), str):
                continue
            place = _node_at(node, ("jobs", job, "steps", index, "run"))
            line = place.start_mark.line + (2 if place.style in ("|", ">") else 1)
            environment = {
                str(key): str(value)
                for source_of in (data, body, step)
                for key, value in (source_of.get("env") or {}).items()
            }
            yield CommandText(
                kind="workflow",
                path=file,
                line=line,
                text=step["run"],
                words=as_words(step["run"]),
                name=f"{job}/{step.get('name') or index}",
                step=WorkflowStep(
                    workflow=file,
                    job=str(job),
                    job_name=name,
                    needs=needed,
                    ignored=bool(step.get("continue-on-error") or body.get("continue-on-error")),
                    condition=str(step.get("if") or body.get("if") or ""),
                    servers={str(key): value for key, value in (body.get("services") or {}).items()},
                    environment=environment,
                    events=tuple(map(str, events)),
                    directory=str(step.get("working-directory") or ""),
                ),
            )


def _node_at(node: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        entries = node.value
        node = entries[part] if isinstance(part, int) else next(value for key, value in entries if key.value == part)
    return node


def _dockerfile(root: Path, file: str) -> Iterator[CommandText]:
    from exitgate.dockerfile import parse_dockerfile

    for each in parse_dockerfile(_text(root, file), file).instructions:
        if each.name in ("RUN", "CMD", "ENTRYPOINT"):
            yield CommandText(
                kind="image", path=file, line=each.line, text=each.value, words=as_words(each.value), name=each.name
            )


def _package(root: Path, file: str) -> Iterator[CommandText]:
    source = _text(root, file)
    try:
        scripts = json.loads(source).get("scripts") or {}
    except (ValueError, AttributeError):
        return
    for name, text in scripts.items():
        line = line_of_key(source, ("scripts", name))
        yield CommandText(
            kind="package script", path=file, line=line, text=str(text), words=as_words(str(text)), name=str(name)
        )


def _task_definition(root: Path, file: str) -> Iterator[CommandText]:
    source = _text(root, file)
    try:
        containers = json.loads(source)["containerDefinitions"]
    except (ValueError, KeyError, TypeError):
        return
    for position, container in enumerate(containers):
        for key in ("entryPoint", "command"):
            if words := container.get(key):
                text = " ".join(map(str, words))
                line = line_of_key(source, ("containerDefinitions", position, key))
                yield CommandText(
                    kind="task definition", path=file, line=line, text=text, words=text, name=str(container.get("name"))
                )
