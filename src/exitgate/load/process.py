"""A prober at work: started beside whatever a run does, stopped, and read."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, one_line
from exitgate.load.plan import LoadPlan
from exitgate.load.results import LoadResults, read_results
from exitgate.process import RUN_VARIABLE, scrubbed_environment
from exitgate.run import Run
from exitgate.waiting import wait_for

_START_TIMEOUT_S = 15.0
_SLACK_S = 10.0


@dataclass(slots=True, kw_only=True)
class Probing:
    """A prober that sends."""

    plan: LoadPlan
    results_path: Path
    _process: subprocess.Popen[bytes]
    _errors: Path

    def so_far(self) -> LoadResults:
        """Return what has ended by now.

        Raises:
            ObservationError: if it can't be read.
        """
        return read_results(self.results_path, self.plan)

    def stop(self) -> LoadResults:
        """Let it send nothing more, wait for what is under way, and return everything.

        Raises:
            ObservationError: if it ended early, or does not end.
        """
        if self._process.stdin:
            self._process.stdin.close()
        slowest = max(stream.slow_s for stream in self.plan.streams)
        try:
            code = self._process.wait(self.plan.timeout_s + slowest + _SLACK_S)
        except subprocess.TimeoutExpired as error:
            raise self._failure("it does not end") from error
        results = self.so_far()
        if code != 0 or results.ended_s is None:
            raise self._failure(f"it ended early with exit code {code}")
        return results

    def _failure(self, got: str) -> ObservationError:
        said = [line for line in self._errors.read_text("utf-8", "replace").splitlines() if line.strip()]
        return ObservationError(
            "prober",
            got=one_line(f"{got}; {said[-1]}" if said else got, 300),
            expected="load from start to end",
            action="Look whether this machine is overloaded; report it otherwise.",
        )

    def await_start(self) -> None:
        """Wait until the first requests have ended.

        Raises:
            ObservationError: if none does in time.
        """
        _, begun = wait_for(
            lambda: self._process.poll() is not None or (self.results_path.is_file() and self.so_far().requests),
            until=bool,
            timeout_s=_START_TIMEOUT_S,
        )
        if not begun or self._process.poll() is not None:
            raise self._failure("it does not begin")


@contextmanager
def probing(run: Run, plan: LoadPlan) -> Iterator[Probing]:
    """Send load from a process of its own for as long as the block lasts, or until it is stopped.

    Raises:
        ObservationError: if it can't be started.
    """
    folder = Path(tempfile.mkdtemp(dir=run.scratch_path, prefix="load-"))
    (folder / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    results, errors = folder / "results.jsonl", folder / "errors.txt"
    with errors.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", "exitgate.load.prober", str(folder / "plan.json"), str(results)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=folder,
            env=scrubbed_environment({RUN_VARIABLE: f"{run.id}@{run.owner}"}),
            start_new_session=True,
        )
    try:
        started = Probing(plan=plan, results_path=results, _process=process, _errors=errors)
        started.await_start()
        yield started
    finally:
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()
        process.kill()
        process.wait()
