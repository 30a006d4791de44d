"""Starts a gate run as a pytest of its own that nothing in the folder or the environment of its caller can narrow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.errors import EvidenceError
from exitgate.github.place import TOKEN_VARIABLE, GitHubPlace
from exitgate.process import DATABASE_URL_VARIABLE, GITHUB_TOKEN_VARIABLE
from exitgate.provision.machine import FOLDER_VARIABLE
from exitgate.record import RECORD_FILE, Record, read_record
from exitgate.shipped import shipped_gate_directory
from exitgate.verdict import GateStatus

EXIT_PASSED, EXIT_FAILED, EXIT_USAGE, EXIT_NOT_ASSESSED, EXIT_INTERNAL = 0, 1, 2, 3, 4
_PYTEST_INTERNAL, _PYTEST_USAGE = 3, 4
_HARMFUL = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTEST_XDIST_WORKER")
_PLUGINS = ("exitgate", "exitgate.fixtures", "xdist", "allure_pytest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a gate run is asked to do."""

    gate: str
    target: Path | None
    report: Path
    controls: Sequence[str] = ()
    criteria: Sequence[str] = ()
    subjects: Sequence[str] = ()
    stacks: Sequence[str] = ()
    """The stacks to plan; all where none is named. What is well in some of them is never met."""
    without: Sequence[str] = ()
    """Checks to leave out, each as ``CONTROL:CHECK``."""
    policy: str = ""
    """The digest that the target's rules must have; empty where any will do."""
    rehearsal: bool = False
    allow_dirty: bool = False
    workers: int | None = None
    quiet: bool = False
    trivy_db: Path | None = None
    database_url: str = field(default="", repr=False)
    """Of a PostgreSQL on which migrations are tried; empty where a throwaway one is started."""
    github: GitHubPlace | None = None
    """The target's repository on GitHub, where it is asked."""
    github_token_variable: str = TOKEN_VARIABLE
    """The environment variable that holds the token."""
    github_token: str = field(default="", repr=False)
    """The token itself, where it stands in no variable of the caller's."""
    thorough: bool = False
    """Whether every check is made, and no wait is shortened."""
    every_check: bool = False
    """Whether every check is made, also those that a run leaves to `thorough`."""
    aws_endpoint: str = ""
    """Of an emulator of AWS that the user runs; empty where a throwaway one is started."""
    aws_account: str = ""
    """A real account in the place of an emulator; empty for none."""
    allow_apply: bool = False
    """Whether the run may apply to it."""
    machine: Path | None = None
    """The folder of the locks by which runs of one's own take turns at the machine; nothing where it runs by itself."""


def run_gate(launch: Launch) -> int:
    """Run a gate to its end and return exitgate's exit code: 0 passed, 1 failed, 2 usage, 3 not assessed, 4 internal error.

    The code comes from the record that the run wrote, never from pytest's count of tests.

    Raises:
        UsageError: if there is no such gate.
    """
    directory = shipped_gate_directory(launch.gate)
    earlier = _run_id(launch.report)
    with tempfile.TemporaryDirectory(prefix="exitgate-root-") as root:
        status = _call_pytest(launch, _arguments(launch, directory, Path(root)), Path(root))
    if status == _PYTEST_USAGE:
        return EXIT_USAGE
    if status == _PYTEST_INTERNAL:
        return EXIT_INTERNAL
    try:
        record = read_record(launch.report / RECORD_FILE)
    except EvidenceError as error:
        sys.stderr.write(f"exitgate: {error}\n")
        return EXIT_INTERNAL
    if record.run_id == earlier:
        sys.stderr.write(
            f"exitgate: pytest ended with {status} before it wrote a record; {launch.report} is an earlier run's\n"
        )
        return EXIT_INTERNAL
    return exit_code(record, rehearsal_accepted=launch.rehearsal)


def _run_id(report: Path) -> str:
    """Return the run that wrote the record that lies there; nothing where none can be read."""
    try:
        return read_record(report / RECORD_FILE).run_id
    except EvidenceError:
        return ""


def exit_code(record: Record, *, rehearsal_accepted: bool) -> int:
    """Return what a record is worth as an exit code; a rehearsal passes only where that was accepted openly."""
    if record.verdict == GateStatus.FAILED:
        return EXIT_FAILED
    passed = record.verdict in (GateStatus.PASSED, GateStatus.PASSED_WITH_EXCEPTIONS) and record.finished_whole
    if passed and (rehearsal_accepted or not record.rehearsal):
        return EXIT_PASSED
    return EXIT_NOT_ASSESSED


def _arguments(launch: Launch, directory: Path, root: Path) -> list[str]:
    arguments = ["-c", str(directory.parent / "gate.ini"), f"--rootdir={root}", "--noconftest"]
    arguments += ["-p", "no:cacheprovider", *(word for name in _PLUGINS for word in ("-p", name))]
    arguments += ["--pyargs", f"exitgate.gates.{launch.gate}", f"--gate-report={launch.report}"]
    arguments += [f"--gate-target={launch.target}"] if launch.target else []
    arguments += [f"--gate-control={control}" for control in launch.controls]
    arguments += [f"--gate-criterion={criterion}" for criterion in launch.criteria]
    arguments += [f"--gate-subject={subject}" for subject in launch.subjects]
    arguments += [f"--gate-stack={stack}" for stack in launch.stacks]
    arguments += [f"--gate-without={check}" for check in launch.without]
    arguments += [f"--gate-policy={launch.policy}"] if launch.policy else []
    arguments += ["--gate-rehearsal"] if launch.rehearsal else []
    arguments += ["--gate-allow-dirty"] if launch.allow_dirty else []
    arguments += [f"--gate-trivy-db={launch.trivy_db}"] if launch.trivy_db else []
    if place := launch.github:
        arguments += [f"--gate-github-repository={place.repository}", f"--gate-github-api={place.api}"]
        arguments += [f"--gate-github-days={place.days}"]
        variable = GITHUB_TOKEN_VARIABLE if launch.github_token else launch.github_token_variable
        arguments += [f"--gate-github-token-variable={variable}"]
    arguments += ["--gate-thorough"] if launch.thorough else []
    arguments += ["--gate-every-check"] if launch.every_check else []
    arguments += [f"--gate-aws-endpoint={launch.aws_endpoint}"] if launch.aws_endpoint else []
    arguments += [f"--gate-aws-account={launch.aws_account}"] if launch.aws_account else []
    arguments += ["--gate-allow-apply"] if launch.allow_apply else []
    arguments += ["-n", str(launch.workers)] if launch.workers is not None else []
    return arguments


def _call_pytest(launch: Launch, arguments: Sequence[str], root: Path) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in _HARMFUL}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONSAFEPATH": "1"}
    environment |= {FOLDER_VARIABLE: str(launch.machine)} if launch.machine else {}
    environment |= {DATABASE_URL_VARIABLE: launch.database_url} if launch.database_url else {}
    environment |= {GITHUB_TOKEN_VARIABLE: launch.github_token} if launch.github_token else {}
    output = subprocess.PIPE if launch.quiet else None
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments], cwd=root, env=environment, stdout=output, stderr=output
    )
    # Both end this process before the run has torn down what it made; it gets the signal, and is waited for.
    before = {number: signal.signal(number, lambda *_: process.send_signal(signal.SIGTERM)) for number in _passed_on()}
    try:
        process.communicate()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return process.returncode


def _passed_on() -> Sequence[signal.Signals]:
    import threading

    return (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
