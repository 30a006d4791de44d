"""What an engineer reads at the end: the verdict, five criteria, and for each failure what to do and how to run just that again."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from exitgate.acceptance import notices
from exitgate.catalogue import GATE_ITSELF
from exitgate.github.place import DEFAULT_DAYS, PUBLIC_API, TOKEN_VARIABLE
from exitgate.outcome import Status
from exitgate.plugin.clock import today
from exitgate.plugin.outcomes import ATTRIBUTE
from exitgate.plugin.recorder import Recorder
from exitgate.plugin.session import GateSession
from exitgate.record import ControlEntry, Record
from exitgate.verdict import GateStatus

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {
    Status.MET: "green",
    Status.NOT_MET: "bold red",
    Status.ERROR: "red",
    Status.NOT_ASSESSED: "yellow",
    Status.WAIVED: "cyan",
    Status.NOT_APPLICABLE: "dim",
}
_MOST_REASONS = 12
_SILENT = (
    "deselected on the command line",
    "blocked by ",
    "no test of this check was collected",
    "nothing was collected",
)
_WIDTH = 120
"""Columns where there is no terminal to ask, e.g. in a CI log."""


class Terminal:
    """Progress while the run goes on, and the summary after it; controller only."""

    def __init__(self, session: GateSession, recorder: Recorder, again: Sequence[str] = ()) -> None:
        """Start silent; `again` are the words by which the same is looked at once more."""
        self._session = session
        self._recorder = recorder
        self._again = again

    def pytest_sessionstart(self) -> None:
        """Say before anything runs which waivers and exclusions have run out."""
        for notice in notices(self._session.target, today()):
            print(notice, file=sys.stderr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
        """Silence pytest's own dots for gate checks; the summary counts in the gate's words."""
        if getattr(report, "when", None) in ("setup", "teardown") and report.passed:
            return "", "", ""
        if hasattr(report, ATTRIBUTE):
            return "checked", "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say on a terminal how far the run is."""
        if report.when != "teardown" or not sys.stderr.isatty():
            return
        settled = self._recorder.settled
        last = f"{settled[-1].key}: {settled[-1].status.words}" if settled else ""
        print(f"\r\x1b[K{len(settled)} checks · {last}"[:160], end="", file=sys.stderr, flush=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """Clear the progress line."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Print the summary last, after everything that pytest has to say."""
        if self._recorder.record is not None and not self._session.collect_only:
            print_summary(self._recorder.record, str(self._session.report_directory), self._again)


def again_words(option: argparse.Namespace) -> tuple[str, ...]:
    """Return the words by which ``exitgate run`` looks at the same target and repository as a command line did; never a token."""
    words = ["--gate-target", option.gate_target] if option.gate_target else []
    words += ["--every-check"] if option.gate_every_check or option.gate_thorough else []
    if option.gate_github_repository:
        words += ["--github-repository", option.gate_github_repository]
        for name, value, usual in (
            ("token-variable", option.gate_github_token_variable, TOKEN_VARIABLE),
            ("api", option.gate_github_api, PUBLIC_API),
            ("days", str(option.gate_github_days), str(DEFAULT_DAYS)),
        ):
            words += [f"--github-{name}", value] if value != usual else []
    return tuple(words)


def print_summary(record: Record, report_directory: str, again: Sequence[str] = ()) -> None:
    """Print a record as an engineer wants to read it; `again` are the words by which the same is looked at once more."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDTH)
    console.print()
    for control in (*record.controls, *record.requirements):
        _print_failures(console, record, control, again)
    _print_unsettled(console, record)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("criterion", no_wrap=True)
    for status in (Status.MET, Status.WAIVED, Status.NOT_APPLICABLE, Status.NOT_MET, Status.ERROR, Status.NOT_ASSESSED):
        table.add_column(status.words, justify="right", no_wrap=True)
    table.add_column("seen")
    for task, title, controls in _groups(record):
        counts = Counter(Status(control.status) for control in controls)
        levels = Counter(
            control.assurance for control in controls if control.status == Status.MET and control.assurance
        )
        seen = ", ".join(f"{count} {level}" for level, count in levels.most_common())
        cells = [
            _cell(counts[status], _COLOURS[status])
            for status in (
                Status.MET,
                Status.WAIVED,
                Status.NOT_APPLICABLE,
                Status.NOT_MET,
                Status.ERROR,
                Status.NOT_ASSESSED,
            )
        ]
        table.add_row(escape(f"{task} {title}".strip()), *cells, seen)
    console.print(table)
    for problem in record.problems:
        console.print(f"[red]problem of the run:[/] {escape(problem)}")
    for substitute in record.substitutes:
        console.print(f"[dim]substitute:[/] {escape(substitute)}")
    console.print(_verdict_line(record))
    console.print(
        f"[dim]{escape(record.target.name)} at {record.target.commit[:12]} · {escape(report_directory)}/index.html[/]"
    )


def _print_failures(console: Console, record: Record, control: ControlEntry, again: Sequence[str]) -> None:
    from rich.markup import escape

    for check in control.checks:
        if check.status != Status.NOT_MET:
            continue
        console.print(f"[bold red]not met[/] [bold]{control.id}[/] {escape(control.title)} · {escape(check.subject)}")
        for finding in check.findings:
            console.print(f"  [bold]{escape(finding.location)}[/] {escape(finding.message)}")
            console.print(f"    expected {escape(finding.expected)}")
            console.print(f"    got      {escape(finding.got)}")
            console.print(f"    remedy   {escape(finding.remedy)}")
        console.print(f"    again    [cyan]{rerun_command(record, control, again)}[/]\n")


def _print_unsettled(console: Console, record: Record) -> None:
    """Print each reason for which checks are errors or not assessed once; what the command line left out has none to tell."""
    from rich.markup import escape

    for status in (Status.NOT_ASSESSED, Status.ERROR):
        told: dict[str, list[str]] = {}
        for control in (*record.controls, *record.requirements):
            for check in control.checks:
                if check.status == status and not check.message.startswith(_SILENT):
                    told.setdefault(check.message, []).append(f"{control.id} {check.id} · {check.subject}")
        for message, places in list(told.items())[:_MOST_REASONS]:
            more = f" and {len(places) - 1} more" if len(places) > 1 else ""
            console.print(f"[{_COLOURS[status]}]{status.words}[/] {escape(places[0])}{more}\n  {escape(message)}\n")
        if len(told) > _MOST_REASONS:
            rest = len(told) - _MOST_REASONS
            console.print(f"[{_COLOURS[status]}]{status.words}[/] for {rest} more reasons, all in the report\n")


def rerun_command(record: Record, control: ControlEntry, again: Sequence[str] = ()) -> str:
    """Return the command that runs the checks of one control alone, on what the command line named."""
    return shlex.join(["exitgate", "run", record.gate, *again, "--control", control.id])


def _groups(record: Record) -> list[tuple[str, str, list[ControlEntry]]]:
    groups = [
        (each.task, each.title, [c for c in record.controls if c.criterion == each.id]) for each in record.criteria
    ]
    return [*groups, ("", f"{GATE_ITSELF}: requirements", list(record.requirements))]


def _cell(count: int, colour: str) -> str:
    return f"[{colour}]{count}[/]" if count else "[dim]·[/]"


def _verdict_line(record: Record) -> str:
    status = GateStatus(record.verdict)
    colour = {GateStatus.FAILED: "bold red", GateStatus.NOT_ASSESSED: "bold yellow"}.get(status, "bold green")
    rehearsal = (
        " [yellow](rehearsal: it shows that the checks work, nothing about a system of yours)[/]"
        if record.rehearsal
        else ""
    )
    return f"[{colour}]{record.gate}: {status.words}[/]{rehearsal}"
