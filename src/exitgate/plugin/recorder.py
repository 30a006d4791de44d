"""The controller's side: hears outcomes, keeps the record as it grows, and makes the verdict when the workers are down."""

from __future__ import annotations

import getpass
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest

from exitgate import __version__
from exitgate.errors import ExitgateError, PrerequisiteMissing, one_line
from exitgate.events import EventLog
from exitgate.ledger import LEDGER_FILE, append, read_ledger, runs_of
from exitgate.mappings import shipped_mappings
from exitgate.outcome import Key, Outcome, Status
from exitgate.plugin.clock import SOURCE, now, today
from exitgate.plugin.collection import read_collected
from exitgate.plugin.outcomes import ATTRIBUTE
from exitgate.plugin.session import GateSession
from exitgate.proof import shipped_proofs
from exitgate.provenance import Tool
from exitgate.reconcile import absences
from exitgate.record import (
    RECORD_FILE,
    CriterionEntry,
    Environment,
    Record,
    TargetEntry,
    WaiverEntry,
    control_entries,
    images_of,
    pictures_of,
    substitutes_of,
    tools_of,
    write_record,
)
from exitgate.redaction import redact, redact_tree
from exitgate.verdict import Expected, GateStatus, Verdict, judge

EXIT_NOT_PASSED = 10
"""What plain pytest exits with where it would say 0 or 5 and the gate is not passed."""
ENGINE_NOTE = "engine"
"""A file in the scratch folder that names the engine that the run used, once it used one."""
_REWRITE_EVERY_S = 0.5
_REWRITE_PART = 20
"""The record so far is written whole, so of a run's time it takes at most one in so many parts."""


class Recorder:
    """Keeps events and record, and sets the exit status."""

    def __init__(self, session: GateSession) -> None:
        """Begin with what is expected."""
        self.session = session
        self.expected: tuple[Expected, ...] = session.expected
        self.record: Record | None = None
        self._arrived: dict[str, Outcome] = {}
        self._settled: list[Outcome] = []
        self._problems: list[str] = []
        self._lost_workers: list[str] = []
        self._started = now()
        self._runs = 0
        self._next_write = 0.0
        self._log: EventLog | None = None

    @property
    def settled(self) -> Sequence[Outcome]:
        """Outcomes of tests that are wholly over."""
        return self._settled

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Write a first record, in which nothing is assessed."""
        if self.session.collect_only:
            return
        try:
            self._log = EventLog(self.session.report_directory)
            run = self.session.run
            self._note_in_ledger("began", self._started)
            self._log.append("started", self._started, run=run.id, gate=self.session.gate.id, commit=run.commit)
            self._write(finished=None)
        except ExitgateError as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear one phase of one test."""
        data = getattr(report, ATTRIBUTE, None)
        if data is not None:
            outcome = Outcome.model_validate(redact_tree(data))
            before = self._arrived.get(report.nodeid)
            self._arrived[report.nodeid] = _later_phase(before, outcome) if before else outcome
        if report.when == "teardown" and report.nodeid in self._arrived:
            outcome = self._arrived.pop(report.nodeid)
            self._settled.append(outcome)
            self._note(outcome)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object) -> None:
        """Note a worker that died."""
        if error:
            name = str(getattr(getattr(node, "gateway", None), "id", "a worker"))
            self._lost_workers.append(name)
            self._problems.append(f"worker {name} died: {one_line(redact(str(error)), 120)}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note why the run ends early."""
        self.session.note_interruption(one_line(str(excinfo.value)) or "Ctrl-C")

    def pytest_runtest_logstart(self) -> None:
        """End a run that was told to end and went on, because it was told so inside a finaliser."""
        if self.session.interrupted:
            raise KeyboardInterrupt(self.session.interrupted)

    def pytest_internalerror(self, excrepr: object) -> None:
        """Note an error of pytest's own or of a plugin."""
        lines = str(excrepr).splitlines() or ["no word"]
        self._problems.append(f"internal error: {one_line(redact(lines[-1]), 200)}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tear down what is left, judge, write everything, and say by the exit status that the gate has not passed."""
        if self.session.collect_only or self._log is None:
            return
        try:
            self._problems += self._sweep()
            self._write(finished=now())
            self._note_in_ledger("ended", now())
            self._write_reports(session.config)
        except ExitgateError as error:
            print(f"exitgate: {error}", file=sys.stderr)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        except Exception as error:  # noqa: BLE001 - the last place where a bug of ours can be told in one line, and never as a pass
            kept = self.session.evidence.keep("traceback.txt", traceback.format_exc())
            print(f"exitgate: internal error, {one_line(repr(error), 200)}; see {kept.path}", file=sys.stderr)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        if not self.passed and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = EXIT_NOT_PASSED

    def pytest_unconfigure(self) -> None:
        """Close what the run opened."""
        if self._log is not None:
            self._log.close()
        self.session.close()

    @property
    def passed(self) -> bool:
        """True for a verdict that lets a release go on; a rehearsal's does only where that was accepted openly."""
        if self.record is None or self.record.verdict not in (GateStatus.PASSED, GateStatus.PASSED_WITH_EXCEPTIONS):
            return False
        return not self.record.rehearsal or self.session.rehearsal_accepted

    def _note(self, outcome: Outcome) -> None:
        if self._log is None:
            return
        try:
            self._log.append("checked", now(), **outcome.model_dump(mode="json"))
            if time.monotonic() > self._next_write:
                self._write(finished=None)
        except ExitgateError as error:
            raise pytest.exit.Exception(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR) from None

    def _sweep(self) -> list[str]:
        """Remove what tests and dead workers left, processes first; what stays is a problem of the run."""
        from exitgate.provision.engine import connect
        from exitgate.provision.given_server import given_server
        from exitgate.provision.sweep import of_run, remove

        note = self.session.run.scratch_path / ENGINE_NOTE
        with ExitStack() as stack:
            engine, problems = None, []
            if note.is_file():
                try:
                    engine = stack.enter_context(connect(note.read_text(encoding="utf-8")))
                except PrerequisiteMissing as error:
                    problems.append(f"what the run made on the engine can't be removed: {error}")
            server = None
            try:
                server = given_server()
            except ExitgateError as error:
                problems.append(f"what the run made on the server of --database-url can't be looked for: {error.got}")
            processes = [item for item in of_run(None, self.session.run.id) if item.kind == "process"]
            problems += [f"left behind: {failure}" for failure in remove(processes)]
            found = of_run(engine, self.session.run.id, server)
            items = [item for item in found if item.kind not in ("folder", "process")]
            return [*problems, *(f"left behind: {failure}" for failure in remove(items))]

    def _write(self, finished: str | None) -> None:
        began = time.monotonic()
        collected, selected = read_collected(self.session)
        whole = finished is not None and not self.session.interrupted
        settled = [*self._settled, *self._cut_short(selected)] if finished else self._settled
        unfinished = "" if finished else "the run has not come to its end"
        state = replace(
            collected,
            left_to_thorough=self.session.left_to_thorough,
            lost_workers=tuple(self._lost_workers),
            interrupted=self.session.interrupted or unfinished,
        )
        heard = frozenset(outcome.key for outcome in settled)
        problems = [*self._problems]
        if not whole:
            problems.append(state.interrupted)
        verdict = judge(
            self.session.gate,
            self.expected,
            settled,
            waivers=self.session.target.waivers,
            exclusions=self.session.target.exclusions,
            today=today(),
            problems=problems,
            absences=absences(self.session.gate, self.expected, heard, state),
        )
        self.record = self._make_record(verdict, finished, whole=whole)
        write_record(self.record, self.session.report_directory)
        ended = time.monotonic()
        self._next_write = ended + max(_REWRITE_EVERY_S, _REWRITE_PART * (ended - began))
        if finished and self._log:
            self._log.append("finished", finished, verdict=verdict.status.value, problems=list(verdict.problems))

    def _note_in_ledger(self, event: Literal["began", "ended"], at: str) -> None:
        """Add the run to the ledger, and count how many runs of this gate on this commit it tells of."""
        session, path, record = self.session, self.session.report_directory / LEDGER_FILE, self.record
        ended = event == "ended" and record is not None
        append(
            path,
            at=at,
            event=event,
            run={
                "run_id": session.run.id,
                "gate": session.gate.id,
                "commit": session.run.commit,
                "policy_digest": session.target.policy_digest,
                "verdict": record.verdict if ended and record else "",
                "record_sha256": sha256((session.report_directory / RECORD_FILE).read_bytes()).hexdigest()
                if ended
                else "",
            },
            rehearsal=record.rehearsal if ended and record else session.is_rehearsal,
        )
        self._runs = runs_of(read_ledger(path)[0], session.gate.id, session.run.commit)

    def _cut_short(self, selected: dict[str, Key]) -> list[Outcome]:
        """Return an error for each test whose result came only in part: its worker died in the middle of it."""
        return [
            Outcome(
                key=outcome.key,
                status=_worth_when_cut(outcome),
                message=f"cut short before its teardown: {outcome.message}".rstrip(": "),
                findings=outcome.findings,
            )
            for nodeid, outcome in self._arrived.items()
            if nodeid in selected
        ]

    def _make_record(self, verdict: Verdict, finished: str | None, *, whole: bool) -> Record:
        session, clone = self.session, self.session.clone
        substitutes = substitutes_of(verdict)
        proofs, standards = shipped_proofs(session.gate), shipped_mappings(session.gate)
        return Record(
            run_id=session.run.id,
            gate=session.gate.id,
            gate_title=session.gate.title,
            verdict=verdict.status.value,
            rehearsal=session.is_rehearsal or bool(substitutes),
            finished_whole=whole,
            target=TargetEntry(
                name=session.target.name,
                commit=session.run.commit,
                dirty=bool(clone and clone.dirty),
                materialised=bool(clone and clone.materialised),
            ),
            policy_digest=session.target.policy_digest,
            started=self._started,
            finished=finished,
            environment=Environment(
                exitgate=__version__,
                python=platform.python_version(),
                platform=platform.platform(),
                user=_user(),
                clock=SOURCE,
            ),
            substitutes=substitutes,
            tools=_tools(verdict),
            problems=verdict.problems,
            criteria=tuple(
                CriterionEntry(id=each.id, task=each.task, title=each.title) for each in session.gate.criteria
            ),
            controls=control_entries(verdict.controls, proofs, standards),
            requirements=control_entries(verdict.requirements, proofs, standards),
            waivers=self._waivers(verdict),
            images=images_of(verdict),
            pictures=pictures_of(verdict),
            runs=self._runs,
        )

    def _waivers(self, verdict: Verdict) -> tuple[WaiverEntry, ...]:
        waived = [
            (control.control.id, check.expected.subject, {finding.rule for finding in check.outcome.findings})
            for control in (*verdict.controls, *verdict.requirements)
            for check in control.checks
            if check.outcome.status is Status.WAIVED
        ]
        entries = []
        for waiver in self.session.target.waivers:
            hit = any(
                waiver.covers(control, subject, today()) and (waiver.finding is None or waiver.finding in rules)
                for control, subject, rules in waived
            )
            state: Literal["used", "unused", "expired"] = (
                "expired" if today() > waiver.expires else "used" if hit else "unused"
            )
            entries.append(
                WaiverEntry(
                    kind="waiver",
                    control=waiver.control,
                    subject=waiver.subject,
                    finding=waiver.finding,
                    owner=waiver.owner,
                    reason=waiver.reason,
                    approver=waiver.approver,
                    expires=waiver.expires.isoformat(),
                    state=state,
                )
            )
        entries += [
            WaiverEntry(
                kind="not_applicable",
                control=exclusion.control,
                subject=None,
                finding=None,
                owner=exclusion.owner,
                reason=exclusion.reason,
                approver=exclusion.approver,
                expires=exclusion.expires.isoformat(),
                state="used" if exclusion.holds(today()) else "expired",
            )
            for exclusion in self.session.target.exclusions
        ]
        return tuple(entries)

    def _write_reports(self, config: pytest.Config) -> None:
        from exitgate.reporting.allure_results import complete_allure_results
        from exitgate.reporting.html import write_html

        if self.record is None:
            return
        write_html(self.record, self.session.report_directory)
        folder = config.getoption("allure_report_dir", None)
        if folder:
            complete_allure_results(self.record, Path(folder))


def _worth_when_cut(outcome: Outcome) -> Status:
    """Return what an outcome without a teardown is worth: a *not met* stays one, everything else is an error."""
    return Status.NOT_MET if outcome.status is Status.NOT_MET else Status.ERROR


def _later_phase(before: Outcome, after: Outcome) -> Outcome:
    """Join the outcome of a test with that of its teardown, which is heard of only where it failed."""
    if before.status is Status.NOT_MET:
        return before.model_copy(update={"message": f"{before.message}; and then: {after.message}"})
    evidence = tuple(dict.fromkeys((*before.evidence, *after.evidence)))
    return before.model_copy(update={"status": after.status, "message": after.message, "evidence": evidence})


def _tools(verdict: Verdict) -> tuple[Tool, ...]:
    own = (Tool(name="exitgate", version=__version__), Tool(name="pytest", version=pytest.__version__))
    return (*own, *tools_of(verdict))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.geteuid()}"
