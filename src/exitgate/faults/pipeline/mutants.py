"""Changes of real code that CI has to keep out: each breaks one thing, and tells by which kind of step it has to be noticed.

Unlike the other faults they break no gate: a sound target blocks every one of them. They are small enough to pass every step
before the one that they aim at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.errors import PrerequisiteMissing

_TEST_FILE = re.compile(r"\.(?:test|spec)\.[cm]?[jt]sx?$")
_INTEGRATION = re.compile(r"(?:^|[/._-])integration(?:[/._-]|$)")
_ELSEWHERE = re.compile(r"(?:^|/)(?:node_modules|dist|dist-[^/]*|e2e|generated|support)/")
_SOURCE = re.compile(r"\.tsx?$")
SAYS_NODE = "exitgate: a test that fails on purpose, on Node.js "
"""What a failing test says, with the version of the process that it runs in behind it, like ``v22.1.0``."""
SAYS_LIBRARY = "exitgate: a library that fails on purpose"
# `process` by name would be a type error where the types of Node.js are not installed.
_NODE_VERSION = 'Reflect.get(globalThis, "process")?.version'
_FAILING_TEST = f"throw new Error(`{SAYS_NODE}${{{_NODE_VERSION}}}`);\n"
_FAILING_ON = f"if (`${{{_NODE_VERSION}}}.`.startsWith(%s)) {{\n  {_FAILING_TEST}}}\n"
SAYS_TYPES = "exitgate: a type error on purpose"
"""A type that a value does not have: TypeScript names it where it says so."""
_TYPE_ERROR = f'\nexport const exitgateMutant: "{SAYS_TYPES}" = 1;\n'
_NOTHING_HERE = "exitgate-nothing-here"
_BROKEN_IMPORT = f'import "./{_NOTHING_HERE}.js";\n'
_FAILS_AT_LOAD = f'\nthrow new Error("{SAYS_LIBRARY}");\n'
_FAILS_ELSEWHERE = (
    f'\nif (!Reflect.get(globalThis, "process")?.cwd?.().replaceAll("\\\\", "/").includes("%s")) {{\n'
    f'  throw new Error("{SAYS_LIBRARY}");\n}}\n'
)
_NEW_FILE = "exitgate-mutant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change that breaks something."""

    aim: str
    """``unit-test``, ``integration-test``, ``type-error``, ``break``, ``lock-drift``, ``library``, ``deleted-tests``."""
    project: str
    """Folder of the project that it changes, from the root; empty for the root itself."""
    what: str
    noticed_by: tuple[str, ...]
    """Names of tasks or kinds of commands of which one has to fail first; empty where any may notice."""
    apply: Callable[[Path], None]
    """Takes the root of a clone; changes its files and commits nothing."""
    says: str = ""
    """What whoever notices it writes, whatever the tool; empty where tools differ."""


def failing_unit_test(root: Path, project: str) -> Mutant:
    """Add a unit test that fails, beside those that there are.

    Raises:
        PrerequisiteMissing: if the project has none.
    """
    return _failing_test(
        project, "unit-test", "a unit test that fails", ("test", "unit"), _first(root, project, _unit_tests)
    )


def failing_on_node(root: Path, project: str, version: str) -> Mutant:
    """Add a unit test that fails under one version of Node.js alone, e.g. ``22``.

    Raises:
        PrerequisiteMissing: if the project has none.
    """
    beside = _first(root, project, _unit_tests)
    what = f"a unit test that fails on Node.js {version} alone"
    made = _failing_test(project, f"node-{version}", what, ("test", "unit"), beside)
    file = beside.parent / f"{_NEW_FILE}{_suffix(beside)}"

    def apply(clone: Path) -> None:
        (clone / file).write_text(_FAILING_ON % json.dumps(f"v{version}."), encoding="utf-8")

    return replace(made, apply=apply)


def failing_integration_test(root: Path, project: str) -> Mutant:
    """Add an integration test that fails, beside those that there are.

    Raises:
        PrerequisiteMissing: if the project has none.
    """
    beside = _first(root, project, _integration_tests)
    return _failing_test(project, "integration-test", "an integration test that fails", ("integration",), beside)


def type_error(root: Path, project: str) -> Mutant:
    """Add a value of the wrong type to a source file.

    Raises:
        PrerequisiteMissing: if the project has no TypeScript.
    """
    noticed_by = ("typecheck", "type-check", "types", "build", "test")
    made = _edit(root, project, ("type-error", "a type error", noticed_by), lambda text: text + _TYPE_ERROR)
    return replace(made, says=SAYS_TYPES)


def front_end_break(root: Path, project: str) -> Mutant:
    """Import what is not there.

    Raises:
        PrerequisiteMissing: if the project has no TypeScript.
    """
    noticed_by = ("build", "typecheck", "type-check", "types")
    made = _edit(root, project, ("break", "an import of nothing", noticed_by), lambda text: _BROKEN_IMPORT + text)
    return replace(made, says=_NOTHING_HERE)


def broken_library(root: Path, project: str) -> Mutant:
    """Let a library fail when it is loaded, so that the tests of whatever depends on it fail too.

    Raises:
        PrerequisiteMissing: if the project has no TypeScript.
    """
    aim = ("library", "a library that breaks what depends on it", ("test", "unit"))
    return replace(_edit(root, project, aim, lambda text: text + _FAILS_AT_LOAD), says=SAYS_LIBRARY)


def library_broken_elsewhere(root: Path, project: str) -> Mutant:
    """Let a library fail when a process loads it that runs elsewhere than in the library's own folder.

    Its own tests pass, which Nx and npm run there; those of the projects that depend on it fail, untouched as they are.

    Raises:
        PrerequisiteMissing: if the project has no TypeScript.
    """
    aim = ("dependents", "a library whose own tests pass, and that breaks what depends on it", ("test", "unit"))
    return replace(_edit(root, project, aim, lambda text: text + _FAILS_ELSEWHERE % project), says=SAYS_LIBRARY)


def first_mutant(make: Callable[[Path, str], Mutant], root: Path, projects: Sequence[str]) -> Mutant:
    """Return the mutant of the first project that has what it breaks.

    Raises:
        PrerequisiteMissing: if none has.
    """
    missing = _missing("the target", "no project", "one with a package.json")
    for project in projects:
        try:
            return make(root, project)
        except PrerequisiteMissing as error:
            missing = error
    raise missing


def is_test(file: Path) -> bool:
    """Say whether a file holds tests, by its name: unit tests and integration tests alike."""
    return _TEST_FILE.search(file.name) is not None


def deleted_tests(root: Path, project: str) -> Mutant:
    """Delete the unit tests of a project.

    Raises:
        PrerequisiteMissing: if the project has none.
    """
    _first(root, project, _unit_tests)

    def apply(clone: Path) -> None:
        for file in _unit_tests(clone / project):
            file.unlink()

    what = f"{project}: its unit tests are deleted"
    return Mutant(aim="deleted-tests", project=project, what=what, noticed_by=(), apply=apply)


def lock_drift(root: Path) -> Mutant:
    """Ask for a package that the lockfile does not hold.

    Raises:
        PrerequisiteMissing: if there is no package.json.
    """
    if not (root / "package.json").is_file():
        raise _missing("package.json", "no package.json", "one at the root")

    def apply(clone: Path) -> None:
        file = clone / "package.json"
        data = json.loads(file.read_text(encoding="utf-8"))
        data.setdefault("devDependencies", {})["exitgate-not-locked"] = "1.0.0"
        file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    what = "package.json asks for what the lockfile does not hold"
    return Mutant(aim="lock-drift", project="", what=what, noticed_by=("install",), apply=apply)


def _failing_test(project: str, aim: str, what: str, noticed_by: tuple[str, ...], beside: Path) -> Mutant:
    def apply(clone: Path) -> None:
        (clone / beside.parent / f"{_NEW_FILE}{_suffix(beside)}").write_text(_FAILING_TEST, encoding="utf-8")

    words = f"{project}: {what}"
    return Mutant(aim=aim, project=project, what=words, noticed_by=noticed_by, apply=apply, says=SAYS_NODE)


def _suffix(beside: Path) -> str:
    kind = _TEST_FILE.search(beside.name)
    return kind.group() if kind else ".test.ts"


def _edit(root: Path, project: str, aim: tuple[str, str, tuple[str, ...]], change: Callable[[str], str]) -> Mutant:
    path = _first(root, project, _sources)
    name, what, noticed_by = aim

    def apply(clone: Path) -> None:
        text = (clone / path).read_text(encoding="utf-8")
        (clone / path).write_text(change(text), encoding="utf-8")

    return Mutant(aim=name, project=project, what=f"{path}: {what}", noticed_by=noticed_by, apply=apply)


def _first(root: Path, project: str, kind: Callable[[Path], Iterator[Path]]) -> Path:
    """Return a file of a project, from the root; of sources the one that the others are reached from, where it has a usual name."""
    found = [file.relative_to(root) for file in kind(root / project)]
    if not found:
        raise _missing(project, f"no {kind.__name__.strip('_').replace('_', ' ')}", "some, to break one")
    usual = [file for file in found if file.stem in {"index", "main"}]
    return (usual or found)[0]


def _files(project: Path) -> Iterator[Path]:
    for file in sorted(project.rglob("*")) if project.is_dir() else ():
        if file.is_file() and not _ELSEWHERE.search(file.relative_to(project).as_posix()):
            yield file


def _unit_tests(project: Path) -> Iterator[Path]:
    for file in _files(project):
        if _TEST_FILE.search(file.name) and not _INTEGRATION.search(file.relative_to(project).as_posix()):
            yield file


def _integration_tests(project: Path) -> Iterator[Path]:
    for file in _files(project):
        if _TEST_FILE.search(file.name) and _INTEGRATION.search(file.relative_to(project).as_posix()):
            yield file


def _sources(project: Path) -> Iterator[Path]:
    for file in _files(project / "src"):
        if _SOURCE.search(file.name) and not _TEST_FILE.search(file.name) and not file.name.endswith(".d.ts"):
            yield file


def _missing(place: str, got: str, expected: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(place, got=got, expected=expected, action="Name another project, or add one.")
