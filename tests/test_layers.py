"""Which module may know which: imports go down one way, as the data goes up it, and never to gates or fixtures."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "foundation",
        (
            "exitgate",
            "exitgate.assurance",
            "exitgate.atomic",
            "exitgate.errors",
            "exitgate.finding",
            "exitgate.pictures",
            "exitgate.process",
            "exitgate.provenance",
            "exitgate.redaction",
            "exitgate.settings",
            "exitgate.toml_source",
            "exitgate.waiting",
        ),
    ),
    (
        "observation",
        (
            "exitgate.evidence_folder",
            "exitgate.observation",
        ),
    ),
    (
        "target",
        (
            "exitgate.acceptance",
            "exitgate.catalogue",
            "exitgate.dockerfile",
            "exitgate.github",
            "exitgate.migration_settings",
            "exitgate.policy",
            "exitgate.release_settings",
            "exitgate.reachability",
            "exitgate.rights",
            "exitgate.rollout",
            "exitgate.shipped",
            "exitgate.target",
            "exitgate.waivers",
        ),
    ),
    (
        "provision",
        (
            "exitgate.provision",
            "exitgate.run",
        ),
    ),
    ("load", ("exitgate.load",)),
    ("observe", ("exitgate.observe",)),
    ("checks", ("exitgate.checks",)),
    ("faults", ("exitgate.faults",)),
    (
        "verdict",
        (
            "exitgate.outcome",
            "exitgate.reconcile",
            "exitgate.verdict",
        ),
    ),
    (
        "record",
        (
            "exitgate.compare",
            "exitgate.difference",
            "exitgate.events",
            "exitgate.ledger",
            "exitgate.mappings",
            "exitgate.progress",
            "exitgate.proof",
            "exitgate.record",
        ),
    ),
    ("attestation", ("exitgate.attestation",)),
    ("reporting", ("exitgate.reporting",)),
    ("plugin", ("exitgate.plugin",)),
    (
        "commands",
        (
            "exitgate.beside",
            "exitgate.by_hand",
            "exitgate.doctor",
            "exitgate.launch",
            "exitgate.own_run",
            "exitgate.prove",
        ),
    ),
    (
        "command line",
        (
            "exitgate.__main__",
            "exitgate.cli",
        ),
    ),
)
"""From the lowest layer to the highest, each with its modules; a package stands for all that it holds.

A module may import from its own layer and from those before it. What an observation is stands below everything that makes
one; `run`, which names and labels what is provisioned, stands beside that.
"""

RANKS = {module: rank for rank, (_, modules) in enumerate(LAYERS) for module in modules}
FORBIDDEN = ("exitgate.fixtures", "exitgate.gates", "fixtures", "gates", "reports", "tests")
PURE = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "exitgate",
    "fnmatch",
    "functools",
    "ipaddress",
    "itertools",
    "math",
    "posixpath",
    "re",
    "typing",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


@cache
def imports(module: str) -> tuple[tuple[int, str], ...]:
    """Return line and name of everything that a module imports, at its top, inside of functions, or for types alone."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[tuple[int, str]]:
    path = FILES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                base = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                origin = ".".join(filter(None, (base, name)))
                for alias in names:
                    whole = f"{origin}.{alias.name}"
                    yield node.lineno, whole if whole in FILES else origin
            case ast.Call(func=ast.Name(id="import_module" | "__import__"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name


def rank_of(module: str) -> int | None:
    """Return the rank of a module or of the closest package that the table names, the root package excepted."""
    if module in RANKS:
        return RANKS[module]
    parent = module.rpartition(".")[0]
    return rank_of(parent) if parent and parent != "exitgate" else None


def is_at_or_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_there_are_modules_to_look_at() -> None:
    assert {"exitgate", "exitgate.verdict", "exitgate.checks.containers", "exitgate.observe.image"} <= set(FILES)


@pytest.mark.parametrize("module", FILES)
def test_every_module_has_its_layer(module: str) -> None:
    assert rank_of(module) is not None, f"name {module} in LAYERS"


@pytest.mark.parametrize("module", RANKS)
def test_every_entry_of_the_table_is_a_module(module: str) -> None:
    assert module in FILES


def test_the_wheel_holds_every_package() -> None:
    text = (SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8")
    shipped = set(tomllib.loads(text)["tool"]["setuptools"]["packages"])
    assert {module_of(path) for path in SOURCE.rglob("__init__.py")} - shipped == set()


def test_no_module_stands_in_two_layers() -> None:
    assert len(RANKS) == sum(len(modules) for _, modules in LAYERS)


@pytest.mark.parametrize("module", FILES)
def test_imports_go_down_only(module: str) -> None:
    own = rank_of(module)
    assert own is not None
    upward = [
        f"{FILES[module].relative_to(SOURCE)}:{line} imports {name}, of the layer {LAYERS[rank][0]!r} above"
        for line, name in imports(module)
        if is_at_or_below(name, "exitgate") and (rank := rank_of(name)) is not None and rank > own
    ]
    assert upward == []


@pytest.mark.parametrize("module", FILES)
def test_imports_of_our_own_name_modules_that_there_are(module: str) -> None:
    assert [name for _, name in imports(module) if is_at_or_below(name, "exitgate") and name not in FILES] == []


@pytest.mark.parametrize("module", FILES)
def test_the_source_knows_neither_gates_nor_fixtures_nor_tests(module: str) -> None:
    assert [name for _, name in imports(module) if any(is_at_or_below(name, each) for each in FORBIDDEN)] == []


def test_no_module_imports_itself_over_others() -> None:
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if module in path:
            return [(*path[path.index(module) :], module)]
        if module in finished:
            return []
        found = [
            cycle
            for name in sorted({name for _, name in imports(module) if name in FILES and name != "exitgate"})
            for cycle in visit(name, (*path, module))
        ]
        finished.add(module)
        return found

    assert [cycle for module in FILES for cycle in visit(module, ())] == []


@pytest.mark.parametrize("package", ["exitgate.provision", "exitgate.observe", "exitgate.checks", "exitgate.faults"])
def test_what_is_no_plugin_knows_no_pytest(package: str) -> None:
    known = {
        name.partition(".")[0] for module in FILES if is_at_or_below(module, package) for _, name in imports(module)
    }
    assert not known & {"pytest", "_pytest", "allure", "xdist"}


@pytest.mark.parametrize("module", [module for module in FILES if is_at_or_below(module, "exitgate.checks")])
def test_a_rule_does_no_input_and_no_output(module: str) -> None:
    assert {name.partition(".")[0] for _, name in imports(module)} <= PURE
    calls = [
        node.func
        for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert not {func.id for func in calls if isinstance(func, ast.Name)} & {"open", "print", "input", "eval", "exec"}
