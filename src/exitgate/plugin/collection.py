"""Gate modules to pytest items: one per check and subject, and a note of what was collected."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from exitgate.atomic import write_atomically
from exitgate.catalogue import GATE_ITSELF, Check, SubjectKind
from exitgate.errors import CatalogueError
from exitgate.outcome import Key
from exitgate.plugin.session import GateSession
from exitgate.reconcile import Collected
from exitgate.verdict import NO_SUBJECT

KEY = pytest.StashKey[Key]()
_MARKER = "check"
_SHARED = "runner"
"""The fixture whose runs cost minutes each: whatever takes it goes to one worker, so that a run is made once."""
_FIXTURES = {SubjectKind.SERVICE: "service", SubjectKind.FRONTEND: "frontend", SubjectKind.WORKLOAD: "workload"}


class Collection:
    """Parametrises, labels and notes items, in every process of the run."""

    def __init__(self, session: GateSession) -> None:
        """Start with nothing collected."""
        self._session = session
        self._found: dict[str, Key] = {}
        self._failed_modules: dict[str, str] = {}
        self._unread_modules: set[str] = set()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave the module of a criterion unread where none of its controls is asked for: most of a short run is importing."""
        name = collection_path.name
        if name not in self._session.modules_without_wanted or collection_path.parent != self._session.gate.directory:
            return None
        self._unread_modules.add(name)
        return True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test per subject of the check's kind."""
        marker = metafunc.definition.get_closest_marker(_MARKER)
        if marker is None:
            return
        check = self._check_of(marker)
        name = _FIXTURES.get(check.subject)
        if name is None or name not in metafunc.fixturenames:
            return
        subjects = self._session.target.subjects(check.subject)
        # With no subject pytest would make a skipped test of its own; the verdict says better what it means.
        metafunc.parametrize(name, subjects, ids=subjects, indirect=True, scope="session")

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Find the check that an item makes, and label it for Allure."""
        marker = item.get_closest_marker(_MARKER)
        if marker is None or (item.get_closest_marker("skip") is not None and _has_no_subject(item)):
            return
        check = self._check_of(marker)
        control_id = str(marker.args[0])
        key = Key(control=control_id, check=check.id, subject=self._subject_of(item, check))
        item.stash[KEY] = key
        self._label(item, key)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Note everything that has a test, then leave out what ``--gate-control``, ``-criterion`` and ``-subject`` did not name."""
        self._found = {item.nodeid: item.stash[KEY] for item in items if KEY in item.stash}
        left_out = [item for item in items if KEY not in item.stash or not self._session.wants(item.stash[KEY])]
        if left_out:
            items[:] = [item for item in items if item not in left_out]
            config.hook.pytest_deselected(items=left_out)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that could not be imported."""
        if report.failed and report.nodeid.split("@")[0].endswith(".py"):
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
            self._failed_modules[report.nodeid.rpartition("/")[2]] = (errors or lines or ["no reason given"])[-1]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down, by node id, what was found and is to run, before anybody hears of it: a worker that dies can't say it."""
        note = {
            "found": [key.model_dump() for key in self._found.values()],
            "selected": {item.nodeid: item.stash[KEY].model_dump() for item in session.items if KEY in item.stash},
            "together": [item.nodeid for item in session.items if _SHARED in getattr(item, "fixturenames", ())],
            "failed_modules": self._failed_modules,
            "unread_modules": sorted(self._unread_modules),
        }
        write_atomically(self._session.collected_folder / f"{os.getpid()}.json", json.dumps(note))

    def _check_of(self, marker: pytest.Mark) -> Check:
        if len(marker.args) != 2:  # noqa: PLR2004
            raise pytest.UsageError(f"marker {_MARKER}{marker.args}: expected a control id and a check id")
        try:
            return self._session.gate.check(str(marker.args[0]), str(marker.args[1]))
        except CatalogueError as error:
            raise pytest.UsageError(str(error)) from None

    def _subject_of(self, item: pytest.Item, check: Check) -> str:
        if check.subject is SubjectKind.TARGET:
            return self._session.target.name
        callspec = getattr(item, "callspec", None)
        return (
            str(callspec.params[_FIXTURES[check.subject]])
            if callspec and _FIXTURES[check.subject] in callspec.params
            else NO_SUBJECT
        )

    def _label(self, item: pytest.Item, key: Key) -> None:
        for kind, value in labels(self._session, key):
            item.add_marker(pytest.mark.allure_label(value, label_type=kind))


def labels(session: GateSession, key: Key) -> Iterable[tuple[str, str]]:
    """Return Allure's labels of a check: gate, criterion, control, dimension, and the key by which results are reconciled."""
    control = session.gate.control(key.control)
    criteria = {criterion.id: f"{criterion.task} {criterion.title}" for criterion in session.gate.criteria}
    return (
        ("epic", session.gate.title),
        ("feature", criteria.get(control.criterion, GATE_ITSELF)),
        ("story", f"{control.id} {control.title}"),
        ("tag", f"dimension {control.dimension}"),
        ("exitgate", str(key)),
    )


def read_collected(session: GateSession) -> tuple[Collected, dict[str, Key]]:
    """Return what all processes collected, and the key of each node id that was to run."""
    found: set[Key] = set()
    selected: dict[str, Key] = {}
    failed: dict[str, str] = {}
    unread: set[str] = set()
    for path in sorted(session.collected_folder.glob("*.json")):
        note = json.loads(path.read_text(encoding="utf-8"))
        found |= {Key(**key) for key in note["found"]}
        selected |= {nodeid: Key(**key) for nodeid, key in note["selected"].items()}
        failed |= note["failed_modules"]
        unread |= set(note["unread_modules"])
    collected = Collected(
        found=frozenset(found),
        selected=frozenset(selected.values()),
        failed_modules=failed,
        unread_modules=frozenset(unread),
    )
    return collected, selected


def read_scopes(session: GateSession) -> dict[str, str]:
    """Return by node id what goes to the same worker: what takes the runs that are shared, or a subject's name."""
    _, selected = read_collected(session)
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(session.collected_folder.glob("*.json"))]
    together = {nodeid for note in notes for nodeid in note["together"]}
    return {nodeid: _SHARED if nodeid in together else key.subject for nodeid, key in selected.items()}


def _has_no_subject(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return any("NOTSET" in str(value) for value in params.values())
