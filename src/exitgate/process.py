"""Subprocesses of tools: a time limit, a scrubbed environment, a process group that ends as a whole, output with a bound."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from exitgate.errors import ObservationError, PrerequisiteMissing

RUN_VARIABLE = "EXITGATE_RUN"
"""Set in every process that a run starts, so that a sweep can tell whose it is."""
DATABASE_URL_VARIABLE = "EXITGATE_DATABASE_URL"
"""Holds the address of the PostgreSQL that a run is given; no list of processes shows it, and redaction takes it for a secret."""
GITHUB_TOKEN_VARIABLE = "EXITGATE_GITHUB_TOKEN"  # noqa: S105 - the name of a variable
"""Holds the token by which a run asks GitHub, whatever variable it came in: redaction takes it for a secret by this name."""
OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024
IN_A_HURRY: Mapping[str, str] = {"GOGC": "400"}
"""For programs written in Go that live for seconds: collecting memory that ends with them takes a sixth of Terraform's time on a
processor, and a third of Trivy's. Source: Go's guide to its garbage collector.
"""
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A tool that ran to its end."""

    arguments: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def last_words(self) -> str:
        """The last line that the tool said that is not blank, from stderr if it said something there."""
        lines = [line for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which a tool works and no credential of the user's stands."""
    kept = {name: os.environ[name] for name in (*_PASSED_ON, RUN_VARIABLE) if name in os.environ}
    return {**kept, "NO_COLOR": "1", **(extra or {})}


def find_program(name: str) -> str | None:
    """Return the path of a tool: of the one that was installed together with this Python, else of the one on PATH.

    The first is the version that is tried with exitgate, and it is there whether the environment is activated or not.
    """
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def run_tool(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    standard_input: bytes = b"",
) -> Completed:
    """Run a tool to its end; its outputs go to files, of which at most 4 MiB each are kept, and its input comes from one.

    Raises:
        PrerequisiteMissing: if the tool is not installed.
        ObservationError: if it did not end in time; its whole process group is killed then.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(standard_input)
        given.seek(0)
        try:
            process = subprocess.Popen(
                list(arguments),
                stdin=given,
                stdout=out,
                stderr=err,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            if cwd is not None and not cwd.is_dir():
                raise ObservationError(
                    str(cwd), got="no such folder", expected="a folder to run in", action="Name one that is there."
                ) from error
            if not isinstance(error, FileNotFoundError):
                raise ObservationError(
                    arguments[0],
                    got=f"can't be run ({error.strerror})",
                    expected="a program",
                    action="Mend its permissions.",
                ) from error
            raise PrerequisiteMissing(
                arguments[0], got="not installed", expected="it on PATH", action="`exitgate doctor` says what needs it."
            ) from error
        try:
            _await_end(process, timeout_s)
            exit_code = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ObservationError(
                " ".join(arguments[:3]),
                got=f"no end after {timeout_s:.0f} s",
                expected="an answer in that time",
                action="Run it by hand to see what it waits for.",
            ) from error
        finally:
            # The group may outlive its leader: what a tool leaves running ends with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Completed(arguments=tuple(arguments), exit_code=exit_code, stdout=_tail(out), stderr=_tail(err))


def _await_end(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Wait until a process has ended, where the system tells of that: `Popen.wait` with a limit asks up to every 50 ms instead.

    Raises:
        subprocess.TimeoutExpired: if it has not ended in time.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        return
    try:
        asked = select.poll()
        asked.register(descriptor, select.POLLIN)
        if not asked.poll(timeout_s * 1000):
            raise subprocess.TimeoutExpired(process.args, timeout_s)
    finally:
        os.close(descriptor)


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - OUTPUT_LIMIT_BYTES))
    data: bytes = stream.read()
    return data.decode("utf-8", "replace")
