"""Fixtures: what a module asks for, it names the room of, itself or through the rooms that it names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from exitgate.catalogue import load_gate

ROOT = Path(__file__).resolve().parent.parent
EVERYWHERE = {"target", "engine"}
"""Rooms that every gate has, see ``fixtures/__init__.py``."""
PYTEST = {"request", "pytestconfig"}
MODULES = {
    path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "fixtures").glob("[!_]*.py"))
}
GATE = {
    path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "gates/gate3").glob("test_*.py"))
}


def functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, bool]]:
    """Yield each function, and whether it is a fixture."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, any(ast.unparse(each).startswith("pytest.fixture") for each in node.decorator_list)


def asked(tree: ast.Module, *, tests: bool) -> set[str]:
    return {
        each.arg
        for function, is_fixture in functions(tree)
        if is_fixture or (tests and function.name.startswith("test_"))
        for each in (*function.args.args, *function.args.kwonlyargs)
    }


def named(tree: ast.Module) -> set[str]:
    """Return the rooms that a module names in ``pytest_plugins``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytest_plugins":
            return {str(name).removeprefix("exitgate.fixtures.") for name in ast.literal_eval(node.value)}
    return set()


def reached(rooms: Iterable[str]) -> set[str]:
    """Return the rooms and those that they name, however far."""
    found: set[str] = set()
    ahead = set(rooms)
    while ahead:
        room = ahead.pop()
        found.add(room)
        ahead |= named(MODULES[room]) - found
    return found


OFFERED = {
    room: {function.name for function, is_fixture in functions(tree) if is_fixture} for room, tree in MODULES.items()
}


@pytest.mark.parametrize("room", MODULES)
def test_each_room_reaches_what_its_fixtures_ask_for(room: str) -> None:
    offered = set().union(*(OFFERED[each] for each in reached({room} | EVERYWHERE)))
    assert asked(MODULES[room], tests=False) - PYTEST <= offered


@pytest.mark.parametrize("module", GATE)
def test_each_module_of_the_gate_reaches_what_its_tests_ask_for(module: str) -> None:
    rooms = reached(named(GATE[module]) | EVERYWHERE)
    assert asked(GATE[module], tests=True) - PYTEST <= set().union(*(OFFERED[each] for each in rooms))


def test_there_is_no_room_that_nobody_names() -> None:
    assert reached({room for tree in GATE.values() for room in named(tree)} | EVERYWHERE) == set(MODULES)


def test_no_two_rooms_have_a_fixture_of_one_name() -> None:
    names = [name for offered in OFFERED.values() for name in offered]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("module", GATE)
def test_each_module_holds_checks_of_its_own_criterion_and_of_the_gate_itself(module: str) -> None:
    gate = load_gate(ROOT / "gates/gate3")
    homes = {criterion.id: criterion.module for criterion in gate.criteria}
    marked = [
        ast.literal_eval(mark.args[0])
        for function, _ in functions(GATE[module])
        for mark in function.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.check"
    ]
    assert marked
    assert {homes.get(gate.control(each).criterion, f"{module}.py") for each in marked} == {f"{module}.py"}
