"""The run as pytest sees it: opened on the controller, joined by the workers, closed when everything is over."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FrameType

import pytest

from exitgate.acceptance import refuse_improper, refuse_self_approved
from exitgate.catalogue import GATE_ITSELF, Gate, Given, load_gate
from exitgate.errors import ExitgateError, UsageError
from exitgate.evidence_folder import EvidenceFolder
from exitgate.outcome import Key
from exitgate.plugin.arguments import named_gate, report_directory
from exitgate.plugin.asked import (
    checks_left_out,
    named_account,
    named_database,
    named_endpoint,
    named_github,
    refuse_another_policy,
    refuse_unknown_stacks,
    target_directory,
    wanted_controls,
    wanted_subjects,
)
from exitgate.plugin.clock import today
from exitgate.process import DATABASE_URL_VARIABLE, GITHUB_TOKEN_VARIABLE, RUN_VARIABLE
from exitgate.provision.authors import authors_of
from exitgate.provision.clone import Clone, clone_target, is_git_root, materialise_target
from exitgate.provision.given_leftovers import note_place
from exitgate.provision.given_server import given_server
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.provision.stack_takedown import standing_below
from exitgate.run import Run
from exitgate.target import Target, check_against, load_target
from exitgate.verdict import Expected, expectations

GATE = pytest.StashKey["GateSession"]()
_WORKER_INPUT = "exitgate"
OWN_FILES = ("record.json", "events.jsonl", "evidence", "allure-results", "allure-report", "index.html")
"""What a run writes into its report folder."""


@dataclass(kw_only=True)
class GateSession:
    """What the plugin's parts share in one process."""

    gate: Gate
    target: Target
    run: Run
    is_controller: bool
    rehearsal_accepted: bool
    wanted: frozenset[str] | None
    """The controls to run; nothing where all are."""
    subjects: frozenset[str] | None
    """The subjects to look at beside the target; nothing where all are."""
    collect_only: bool
    without: frozenset[tuple[str, str]] = frozenset()
    """Control and id of each check that is left out."""
    every_check: bool = False
    """Whether those checks are made that a run leaves to ``--thorough``."""
    clone: Clone | None = None
    closers: list[Callable[[], None]] = field(default_factory=list)
    interrupted: str = ""
    """What ended the run early, or was to end it, where something did."""

    def note_interruption(self, by: str) -> None:
        """Keep what ended the run first."""
        self.interrupted = self.interrupted or f"the run was interrupted ({by})"

    @cached_property
    def modules_without_wanted(self) -> frozenset[str]:
        """The modules of the gate none of whose controls is to run; what the gate asks of itself may be tried in any."""
        if self.wanted is None:
            return frozenset()
        asked = {control.criterion for control in self.gate.everything if control.id in self.wanted}
        if GATE_ITSELF in asked:
            return frozenset()
        modules: dict[bool, set[str]] = {True: set(), False: set()}
        for criterion in self.gate.criteria:
            modules[criterion.id in asked].add(criterion.module)
        return frozenset(modules[False] - modules[True])

    @property
    def is_rehearsal(self) -> bool:
        """The target says that it is one, or is no repository: what was judged then is a commit that nobody can look up."""
        own = self.target.configuration.target
        # A repository of its own is judged as it is; one that says it is made up stays a rehearsal all the same.
        return own.rehearsal or own.materialise or bool(self.clone and self.clone.materialised)

    @property
    def report_directory(self) -> Path:
        """Where the record and the reports go."""
        return Path(self.run.report_directory)

    @property
    def evidence(self) -> EvidenceFolder:
        """Where the evidence goes."""
        return EvidenceFolder(self.report_directory)

    @property
    def collected_folder(self) -> Path:
        """Where each process says what it collected."""
        return self.run.scratch_path / "collected"

    @cached_property
    def expected(self) -> tuple[Expected, ...]:
        """Every outcome that has to arrive."""
        given: tuple[Given, ...] = ("github-repository",) if self.run.github_repository else ()
        return expectations(self.gate, self.target, given)

    @cached_property
    def _owed(self) -> frozenset[tuple[str, str]]:
        return frozenset((each.control.id, each.check.id) for each in self.expected)

    @cached_property
    def left_to_thorough(self) -> frozenset[Key]:
        """What the command line asks for, but by ``--thorough`` alone."""
        if self.every_check:
            return frozenset()
        return frozenset(each.key for each in self.expected if each.check.thorough and self._asks_for(each.key))

    def wants(self, key: Key) -> bool:
        """Say whether a check is to be made about a subject; what the command line leaves out is not assessed.

        A check that needs what the run was not given is not asked for, and not owed either.
        """
        return self._asks_for(key) and (self.every_check or not self.gate.check(key.control, key.check).thorough)

    def _asks_for(self, key: Key) -> bool:
        if (key.control, key.check) not in self._owed and self.gate.check(key.control, key.check).given:
            return False
        if self.wanted is not None and key.control not in self.wanted:
            return False
        if (key.control, key.check) in self.without:
            return False
        return self.subjects is None or key.subject in (*self.subjects, self.target.name)

    def close(self) -> None:
        """Undo what opening did, last things first; may be called twice."""
        while self.closers:
            self.closers.pop()()


def open_session(config: pytest.Config) -> GateSession | None:
    """Open the run that the command line names, or join the one that the controller opened; nothing where it names none.

    Raises:
        pytest.UsageError: with one line for anything that is wrong with the arguments, the target or the catalogue.
    """
    if hasattr(config, "workerinput"):
        data = config.workerinput.get(_WORKER_INPUT)
        return _join(config, data) if data else None
    directory = named_gate(config.invocation_params.args, config.invocation_params.dir)
    if directory is None:
        return None
    try:
        _refuse_without_assertions()
        return _open(config, directory)
    except ExitgateError as error:
        raise pytest.UsageError(str(error)) from None


def _refuse_without_assertions() -> None:
    if sys.flags.optimize:
        raise UsageError(
            "python -O",
            got="assertions that are not executed, so that every check would pass",
            expected="a Python that executes them",
            action="Unset PYTHONOPTIMIZE, or leave out -O.",
        )


def _join(config: pytest.Config, data: dict[str, str]) -> GateSession:
    run = Run.from_json(data)
    gate = load_gate(Path(run.gate_directory))
    session = GateSession(
        gate=gate,
        target=load_target(Path(run.clone)),
        run=run,
        is_controller=False,
        rehearsal_accepted=config.option.gate_rehearsal,
        every_check=config.option.gate_thorough or config.option.gate_every_check,
        wanted=wanted_controls(config, gate),
        subjects=frozenset(config.option.gate_subject) or None,
        collect_only=False,
        without=checks_left_out(config, gate),
    )
    config.stash[GATE] = session
    return session


def _open(config: pytest.Config, directory: Path) -> GateSession:
    gate = load_gate(directory)
    wanted, without = wanted_controls(config, gate), checks_left_out(config, gate)
    source = target_directory(config, directory)
    github, token = named_github(config)
    database, account, endpoint = named_database(config), named_account(config), named_endpoint(config)
    params = config.invocation_params
    report = report_directory(params.args, params.dir, config.rootpath, directory).resolve()
    run_id, owner = new_run_id(), str(Owner.of_this_process())
    closers: list[Callable[[], None]] = [_lock_report(report)]
    try:
        if config.option.gate_database_url:
            closers.append(_set_variable(DATABASE_URL_VARIABLE, config.option.gate_database_url))
        if token:
            closers.append(_set_variable(GITHUB_TOKEN_VARIABLE, token))
        server = given_server()
        scratch = make_scratch_folder(run_id, owner)
        closers.append(lambda: None if standing_below(scratch) else remove_scratch_folder(scratch))
        if server:
            note_place(scratch, server)
        described = load_target(source)
        clone = (
            materialise_target(source, scratch / "target")
            if described.configuration.target.materialise and not is_git_root(source)
            else clone_target(source, scratch / "target", allow_dirty=config.option.gate_allow_dirty)
        )
        target = load_target(clone.path)
        check_against(target, gate)
        refuse_improper(target, gate, today())
        refuse_self_approved(target, _authors(target))
        refuse_another_policy(config, target)
        subjects = wanted_subjects(config, target)
        refuse_unknown_stacks(config, target)
        if not config.option.collectonly:
            _clear(report)
        closers.append(_set_variable(RUN_VARIABLE, f"{run_id}@{owner}"))
    except BaseException:
        for close in reversed(closers):
            close()
        raise
    session = GateSession(
        gate=gate,
        target=target,
        clone=clone,
        run=Run(
            id=run_id,
            owner=owner,
            gate_directory=str(directory),
            clone=str(clone.path),
            commit=clone.commit,
            report_directory=str(report),
            scratch=str(scratch),
            vulnerability_database=database,
            github_repository=github.repository if github else "",
            github_api=github.api if github else "",
            github_days=str(github.days) if github else "",
            aws_account=account,
            aws_endpoint=endpoint,
        ),
        is_controller=True,
        rehearsal_accepted=config.option.gate_rehearsal,
        every_check=config.option.gate_thorough or config.option.gate_every_check,
        wanted=wanted,
        subjects=subjects,
        without=without,
        collect_only=config.option.collectonly,
        closers=closers,
    )
    session.collected_folder.mkdir()
    closers.append(_end_cleanly(session))
    config.stash[GATE] = session
    return session


def _authors(target: Target) -> dict[tuple[str, int], frozenset[str]]:
    """Return who last changed each waiver and exclusion of a clone, as far as its history tells."""
    entries = [("waiver", index) for index in range(len(target.waivers))]
    entries += [("not_applicable", index) for index in range(len(target.exclusions))]
    return {
        (kind, index): authors_of(target.directory, target.acceptance_file, *target.lines_accepted(kind, index))
        for kind, index in entries
    }


def _lock_report(report: Path) -> Callable[[], None]:
    from filelock import FileLock, Timeout

    try:
        report.mkdir(parents=True, exist_ok=True)
        lock = FileLock(report / ".lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(
            str(report),
            got="another run writes its report there now",
            expected="a folder of this run's own",
            action="Wait for it to end, or name another folder: --gate-report DIR.",
        ) from error
    except OSError as error:
        raise UsageError(
            str(report),
            got=f"can't be written ({error.strerror})",
            expected="a folder with room that this user may write",
            action="Name another folder: --gate-report DIR.",
        ) from error
    return lock.release


def _clear(report: Path) -> None:
    """Remove what an earlier run left in the report folder: that alone, by name, whatever else lies there."""
    for name in OWN_FILES:
        path = report / name
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                str(path),
                got=f"an earlier run's, which can't be removed ({error.strerror})",
                expected="a report folder that this user may write",
                action="Remove it, or name another folder: --gate-report DIR.",
            ) from error


def _set_variable(name: str, value: str) -> Callable[[], None]:
    """Set a variable of this process's environment, which its workers inherit, and return what takes that back."""
    before = os.environ.get(name)
    os.environ[name] = value

    def restore() -> None:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before

    return restore


def _end_cleanly(session: GateSession) -> Callable[[], None]:
    """Make SIGTERM what Ctrl-C is: pytest itself does not handle it, and would leave everything behind.

    Either is noted before it is raised: what is raised while Python runs a finaliser is printed and ends nothing.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        session.note_interruption(signal.Signals(number).name)
        raise KeyboardInterrupt(session.interrupted)

    try:
        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:
        # Not the main thread: somebody runs pytest as a library, and keeps their own handlers.
        print("exitgate: not in the main thread, so SIGTERM is not handled", file=sys.stderr)
        return lambda: None

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore


class WorkerStart:
    """Hands the run to each worker; registered only where pytest-xdist is."""

    def __init__(self, session: GateSession) -> None:
        """Keep the run to hand on."""
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Put the run into the worker's input."""
        node.workerinput[_WORKER_INPUT] = self._session.run.to_json()  # type: ignore[attr-defined]
