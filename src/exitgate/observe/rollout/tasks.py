"""Tasks as containers: started as production would, signalled, killed and removed, each in a thread of its own."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from exitgate.errors import ObservationError, one_line
from exitgate.observe.rollout.defects import ErringProxy, MeddlingProxy, SlowProxy
from exitgate.observe.rollout.facts import Defect, Disturbance, Version
from exitgate.provision.balancer import Target
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.provision.favour import put_in_background, put_in_foreground
from exitgate.run import Run
from exitgate.settings import ContainerSettings

if TYPE_CHECKING:
    from docker.models.containers import Container

_CRASH_AFTER_S = 1.0
"""Seconds for which a version that crashes runs: it has begun its work, and serves nobody yet."""
_NO_SERVICE_PORT = 9
"""Where a version that must not answer is looked for: nobody listens there in a container of a service."""
_LONGEST_LIFE_S = 4 * 3600
_LAST_LINES = 2000
"""Of a task's log, that are looked at."""
_READABLE_S = 2.0
"""Seconds in which so many lines are a flood: thousands a second, and more than an access log has under this load."""


@dataclass(slots=True, kw_only=True)
class RunningTask:
    """A task, as it goes."""

    name: str
    version: Version
    image_id: str = ""
    address: str = ""
    started_s: float = 0.0
    stopped_s: float | None = None
    ended_s: float | None = None
    exit_code: int | None = None
    killed: bool = False
    last_words: str = ""
    floods: bool = False
    """Whether it wrote more lines a second than anybody can read."""
    proxy: MeddlingProxy | None = None
    unwanted: bool = False
    """Told to stop before it ran."""
    container: Container | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecipe:
    """How a workload's tasks are run."""

    workload: str
    port: int
    settings: ContainerSettings
    environment: Mapping[str, str]
    network: str
    health_path: str
    group: str | None
    """The control group of the tasks."""
    failing_share: float
    """Of requests, that a version with the defect `ERRS` fails."""
    delay_s: float
    """Seconds by which a version with the defect `SLOW` holds each request up."""


class Tasks:
    """Starts and stops tasks; what becomes of them is told by the two callbacks, from other threads."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        recipe: TaskRecipe,
        *,
        on_started: Callable[[RunningTask], None],
        on_ended: Callable[[RunningTask], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.all: dict[str, RunningTask] = {}
        self._engine, self._run, self._recipe = engine, run, recipe
        self._on_started, self._on_ended, self._on_failure = on_started, on_ended, on_failure
        self._pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="task")
        self._lock = threading.Lock()
        self._asked = itertools.count(1)
        self._over = threading.Event()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Remove all tasks at the end of the block."""
        try:
            yield
        finally:
            self._over.set()
            for task in self.all.values():
                if task.container is not None and task.ended_s is None:
                    with suppress(Exception):
                        task.container.kill()
            self._pool.shutdown(wait=True)

    def start(self, name: str, version: Version) -> None:
        """Start a task."""
        self.all[name] = RunningTask(name=name, version=version)
        self._submit(self._live, self.all[name])

    def stop(self, name: str) -> None:
        """Send a task its stop signal."""
        task = self.all[name]
        with self._lock:
            task.unwanted = True
            running = bool(task.started_s)
        if running:
            task.stopped_s = time.monotonic()
            self._submit(self._signal, task, "")

    def serves(self, name: str) -> None:
        """Take a task for one that serves: until then it leaves the processors to those that do.

        In production each task has processors of its own, and one that starts takes none away from another.
        """
        if (container := self.all[name].container) is not None:
            put_in_foreground(self._recipe.group, str(container.id))

    def kill(self, name: str) -> None:
        """Send a task SIGKILL."""
        self.all[name].killed = True
        self._submit(self._signal, self.all[name], "SIGKILL")

    def crash(self, name: str, signal: str = "SIGKILL") -> None:
        """End a task from outside, as a fault and not by the rules."""
        self._submit(self._signal, self.all[name], signal)

    def disturb(self, name: str, disturbance: Disturbance) -> None:
        """Do something to a task that its version does not deserve."""
        if disturbance is Disturbance.CUT_OFF:
            self._submit(self._cut_off, self.all[name])
            return
        # A stop signal would thaw a container that the engine has paused; to a stopped process it means nothing.
        self.crash(name, "SIGKILL" if disturbance is Disturbance.KILL else "SIGSTOP")

    def _cut_off(self, task: RunningTask) -> None:
        if task.container is not None:
            self._engine.client.networks.get(self._recipe.network).disconnect(task.container, force=True)

    def target(self, name: str) -> Target:
        """Return where the balancer is to look for a task."""
        task = self.all[name]
        if task.version.defect in (Defect.DEAF, Defect.CRASHES):
            # One that crashes may not be asked either: a signal takes its time, and it would answer until then.
            return Target(task=name, address=task.address, port=_NO_SERVICE_PORT)
        if task.proxy is not None:
            return Target(task=name, address="127.0.0.1", port=task.proxy.port)
        return Target(task=name, address=task.address, port=self._recipe.port)

    def _submit(self, work: Callable[..., None], *arguments: object) -> None:
        def report(done: Future[None]) -> None:
            error = done.exception()
            if error is not None:
                self._on_failure(error)

        self._pool.submit(work, *arguments).add_done_callback(report)

    def _live(self, task: RunningTask) -> None:
        """Run a task from its start to its end."""
        recipe = self._recipe
        with ExitStack() as stack:
            container = stack.enter_context(
                throwaway_container(
                    self._engine,
                    self._run,
                    task.version.image_id,
                    recipe.settings,
                    name=f"{recipe.workload}-{task.name}",
                    environment=recipe.environment,
                    network=recipe.network,
                    group=recipe.group,
                )
            )
            if self._begin(task, container):
                task.proxy = self._proxy(task)
                if task.proxy:
                    stack.enter_context(task.proxy.serving())
                self._on_started(task)
                if task.version.defect is Defect.CRASHES and not self._over.wait(_CRASH_AFTER_S):
                    self._signal(task, "SIGKILL")
                self._await_end(task, container)
            task.ended_s = time.monotonic()
            self._on_ended(task)

    def _proxy(self, task: RunningTask) -> MeddlingProxy | None:
        recipe = self._recipe
        place = (task.address, recipe.port, recipe.health_path)
        if task.version.defect is Defect.ERRS:
            return ErringProxy(*place, recipe.failing_share, self._asked)
        return SlowProxy(*place, recipe.delay_s) if task.version.defect is Defect.SLOW else None

    def _begin(self, task: RunningTask, container: Container) -> bool:
        from docker.errors import APIError

        if self._is_unwanted(task) or self._over.is_set():
            return False
        try:
            container.start()
        except APIError as error:
            task.last_words = one_line(f"the engine could not start it: {error.explanation}", 200)
            return False
        put_in_background(self._recipe.group, str(container.id))
        container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"]
        task.image_id = str(container.attrs["Image"])
        task.address = str(networks[self._recipe.network]["IPAddress"])
        if not task.address:
            # It has ended already; it is nobody's target.
            task.address = "127.0.0.1"
        with self._lock:
            task.container, task.started_s = container, time.monotonic()
            unwanted = task.unwanted
        if unwanted:
            # Told to stop before it began: a process that has not yet asked for the signal would never hear of it.
            task.stopped_s = time.monotonic()
            self._signal(task, "SIGKILL")
        return True

    def _is_unwanted(self, task: RunningTask) -> bool:
        with self._lock:
            return task.unwanted

    def _await_end(self, task: RunningTask, container: Container) -> None:
        code = int(container.wait(timeout=_LONGEST_LIFE_S)["StatusCode"])
        task.exit_code = code
        stamped = container.logs(tail=_LAST_LINES, timestamps=True).decode("utf-8", "replace").splitlines()
        task.floods = len(stamped) >= _LAST_LINES and _seconds_between(stamped[0], stamped[-1]) < _READABLE_S
        lines = [words for _, _, words in (line.partition(" ") for line in stamped) if words.strip()]
        telling = [line for line in lines if "error" in line.lower()]
        if telling or code != 0:
            task.last_words = one_line((telling or lines or ["it logged nothing"])[-1], 400)

    def _signal(self, task: RunningTask, signal: str) -> None:
        from docker.errors import APIError, NotFound

        if task.container is None:
            return
        try:
            task.container.kill(signal=signal or self._stop_signal(task))
        except NotFound:
            return
        except APIError as error:
            if "is not running" not in str(error.explanation):
                raise ObservationError(
                    f"task {task.name}",
                    got=f"the engine does not signal it: {error.explanation}",
                    expected="a task that can be stopped",
                    action="Look whether the engine still answers.",
                ) from error

    def _stop_signal(self, task: RunningTask) -> str:
        """Return the image's own stop signal, which ECS sends too."""
        image = self._engine.client.images.get(task.version.image_id)
        return str((image.attrs.get("Config") or {}).get("StopSignal") or "SIGTERM")


def _seconds_between(first: str, last: str) -> float:
    """Return the seconds between two lines of an engine's log, each after its time in UTC, to the nanosecond."""
    begin, end = (datetime.fromisoformat(line.partition(" ")[0][:26].rstrip("Z")) for line in (first, last))
    return (end - begin).total_seconds()
