"""One life of a container under its task definition's settings, seen from outside: start, answer, hang, stop."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.image import ImageFacts
from exitgate.observe.pressure import MOST_STARVED_PERCENT, Pressure
from exitgate.observe.processes import ContainerProcesses, ProcessFacts
from exitgate.provision.backing import Surroundings
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings, HealthCheck, Locations
from exitgate.target import Workload
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

_QUICK_INTERVAL_S, _LONGEST_TIMEOUT_S = 0.5, 10.0
_HEALTHY_WITHIN_S = 15.0
_STEADY_FOR_S = 2.0
"""How long a health check has to go on saying that a workload hangs."""
_STEADY_CHECKS = 5
"""How many times a health check has to say healthy of a workload that works."""
_STARVED_PATIENCE = 3.0
"""How many start timeouts more a workload gets where this machine had no time for it."""
_LOG_LINES = 40
_REQUEST_TIMEOUT_S = 2.0
_STOP_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Life(Observation):
    """What was seen of a workload from its start to its end."""

    locations: Locations
    image_id: str
    """Of the container as the engine reports it, not as it was asked for."""
    answered: bool
    """It answered 2xx on its health path within its start timeout."""
    failure: str
    """Why it did not, in one line; empty where it did."""
    log_tail: tuple[str, ...]
    processes: tuple[ProcessFacts, ...]
    """Every identity seen; empty where it did not answer: too little of it was seen then to speak of all of them."""
    root_options: tuple[str, ...]
    """Mount options of its root file system; empty only where it did not answer, or ended early: `failure` says so."""
    health_check: HealthCheck | None
    """The task definition's own, with which it ran; timers shortened, command as it stands."""
    went_healthy: bool
    went_unhealthy: bool
    """After every one of its processes had been stopped, and stayed so; never true without `went_healthy`."""
    wavered: str
    """When the health check said unhealthy of it though it answered, e.g. ``while it worked``; empty where it did not."""
    health_output: str
    """What the health check said last, in one line."""
    has_shell: bool
    """The image holds a shell, which a health check in shell form needs."""
    image_check: HealthCheck | None
    """The image's own HEALTHCHECK where it is another command, and so was tried beside the task definition's."""
    image_check_working: int | None
    """Exit code of the image's own HEALTHCHECK command while the workload worked; nothing where it was not run."""
    image_check_frozen: int | None
    """The same while every process was stopped."""
    exit_code: int | None
    """After SIGTERM; nothing where it did not end by itself within its stop timeout."""


def read_life(
    engine: Engine,
    run: Run,
    workload: Workload,
    image: ImageFacts,
    settings: ContainerSettings,
    locations: Locations,
    substrate: Substrate,
    *,
    around: Surroundings,
    keep: EvidenceFolder,
) -> Life:
    """Run a workload once and watch it.

    1. Start it with the task definition's settings and health check, timers shortened.
    2. Sample its processes, from here to its end; wait until it answers, and its health check says healthy.
    3. Stop every process, and see whether the health check notices; the image's own check is tried likewise.
    4. Let it go on, send SIGTERM, and wait for its end.

    Raises:
        PrerequisiteMissing: if the container's processes are not ours to see.
        ObservationError: if /proc is not understood.
        ProvisionError: if the engine refuses to make the container.
    """
    check = _quick(settings.health_check)
    substrate = replace(
        substrate,
        substitutes=(*substrate.substitutes, *around.substitutes),
        tools=(*substrate.tools, *around.tools),
    )
    with throwaway_container(
        engine,
        run,
        image.id,
        settings,
        name=workload.name,
        port=workload.port,
        environment={**workload.environment, **around.environment},
        network=around.network,
        health_check=check,
    ) as container:
        life = _live(container, workload, image, check, settings, locations, substrate)
    dump = {**asdict(replace(life, evidence=())), "substrate": substrate.name}
    evidence = keep.keep(f"life-{workload.name}.json", json.dumps(dump, indent=1, sort_keys=True))
    return replace(life, evidence=(evidence,))


def _live(
    container: Container,
    workload: Workload,
    image: ImageFacts,
    check: HealthCheck | None,
    settings: ContainerSettings,
    locations: Locations,
    substrate: Substrate,
) -> Life:
    blank = Life(
        substrate=substrate,
        locations=locations,
        image_id=str(container.attrs["Image"]),
        answered=False,
        failure="",
        log_tail=(),
        processes=(),
        root_options=(),
        health_check=check,
        went_healthy=False,
        went_unhealthy=False,
        wavered="",
        health_output="",
        has_shell=bool(image.shells),
        image_check=_image_check(image.settings.health_check, settings.health_check),
        image_check_working=None,
        image_check_frozen=None,
        exit_code=None,
    )
    failure = _start(container)
    processes = None if failure else _processes_of(container)
    if processes is None:
        return replace(blank, failure=failure or _ended(container), log_tail=_log(container))
    with processes.sampling():
        life = _work_and_freeze(container, workload, processes, blank)
        exit_code = _stop(container, min(settings.stop_timeout_s, _STOP_LIMIT_S))
    return replace(
        life,
        log_tail=_log(container),
        processes=processes.seen if life.answered else (),
        health_output=_health_output(container),
        exit_code=exit_code,
    )


def _start(container: Container) -> str:
    """Start it, and return why the engine could not, or nothing."""
    from docker.errors import APIError

    try:
        container.start()
    except APIError as error:
        return one_line(f"the engine could not start it: {error.explanation}", 300)
    return ""


def _processes_of(container: Container) -> ContainerProcesses | None:
    """Find the processes of a container that was started; nothing where it has ended already."""
    container.reload()
    first_pid = int(container.attrs["State"]["Pid"])
    if first_pid:
        try:
            return ContainerProcesses(str(container.id), first_pid)
        except PrerequisiteMissing:
            container.reload()
            if container.attrs["State"]["Running"]:
                raise
    return None


def _work_and_freeze(container: Container, workload: Workload, processes: ContainerProcesses, blank: Life) -> Life:
    """See it work, and see its health checks while it works and while it hangs."""
    check, own = blank.health_check, blank.image_check
    failure = _await_answer(container, workload)
    if failure:
        return replace(blank, failure=failure)
    healthy = bool(check and _await_health(container, "healthy", _HEALTHY_WITHIN_S))
    wavered = "while it worked" if check and healthy and _turns_unhealthy(container, check) else ""
    working = _run_inside(container, own) if own else None
    container.reload()
    if not container.attrs["State"]["Running"]:
        return replace(blank, failure=f"it answered, and then ended: {_ended(container)}")
    root_options = processes.root_mount_options()
    unhealthy, frozen_code = False, None
    frozen = processes.freeze()
    try:
        if healthy and check:
            patience = check.interval_s + check.timeout_s + _HEALTHY_WITHIN_S / 3
            unhealthy = _await_health(container, "unhealthy", patience)
            # One that comes back by itself has not seen that the workload hangs: it is slow, or says now this and now that.
            unhealthy = unhealthy and not _await_health(container, "healthy", _STEADY_FOR_S)
        if own and working == 0:
            frozen_code = _run_inside(container, own)
    finally:
        processes.thaw(frozen)
    if unhealthy and not wavered and not _await_health(container, "healthy", _HEALTHY_WITHIN_S):
        wavered = "" if _await_answer(container, workload) else "after it had hung for a while and went on"
    return replace(
        blank,
        answered=True,
        root_options=root_options,
        went_healthy=healthy,
        went_unhealthy=unhealthy,
        wavered=wavered,
        image_check_working=working,
        image_check_frozen=frozen_code,
    )


def _quick(check: HealthCheck | None) -> HealthCheck | None:
    """Return the same check with timers short enough to be waited for: asked often, and believed at once.

    Its command and time-out are left as they stand; how many failures ECS waits for says nothing about what the command sees.
    """
    if check is None or not check.is_set:
        return None
    return replace(
        check,
        interval_s=min(check.interval_s, _QUICK_INTERVAL_S),
        timeout_s=min(check.timeout_s, _LONGEST_TIMEOUT_S),
        retries=1,
    )


def _image_check(image: HealthCheck | None, task: HealthCheck | None) -> HealthCheck | None:
    """Return the image's own check where it is another command than the task definition's, which runs anyway."""
    if image is None or not image.is_set or (task is not None and task.command == image.command):
        return None
    return image


def _await_answer(container: Container, workload: Workload) -> str:
    """Wait for a 2xx answer; return why there was none, or nothing."""

    def look() -> str:
        container.reload()
        if not container.attrs["State"]["Running"]:
            return "ended"
        return _ask(container, workload)

    def wait(timeout_s: float) -> tuple[str, bool]:
        return wait_for(look, until=lambda seen: seen in ("", "ended"), timeout_s=timeout_s, interval_s=0.05)

    pressure = Pressure()
    last, answered = wait(workload.start_timeout_s)
    if not answered and pressure.starved_percent > MOST_STARVED_PERCENT:
        last, answered = wait(_STARVED_PATIENCE * workload.start_timeout_s)
    if last == "ended":
        return _ended(container)
    if answered:
        return ""
    return f"no 2xx from {workload.health_path} on port {workload.port} within {workload.start_timeout_s:g} s; last: {last}"


def _ask(container: Container, workload: Workload) -> str:
    published = (container.attrs["NetworkSettings"]["Ports"] or {}).get(f"{workload.port}/tcp")
    if not published:
        return f"port {workload.port} is not published"
    connection = http.client.HTTPConnection("127.0.0.1", int(published[0]["HostPort"]), timeout=_REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", workload.health_path, headers={"User-Agent": "exitgate"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return one_line(f"{type(error).__name__} {error}", 80)
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"status {status}"  # noqa: PLR2004


def _await_health(container: Container, wanted: str, timeout_s: float) -> bool:
    def look() -> str:
        container.reload()
        state = container.attrs["State"]
        return str((state.get("Health") or {}).get("Status", "none")) if state["Running"] else "ended"

    seen, _ = wait_for(look, until=lambda status: status in (wanted, "ended"), timeout_s=timeout_s, interval_s=0.05)
    return seen == wanted


def _turns_unhealthy(container: Container, check: HealthCheck) -> bool:
    """Say whether one of the next few checks says unhealthy; counted, not timed: a busy machine makes fewer in the same time."""
    earlier: set[str] = set()
    later: set[str] = set()

    def look() -> str:
        container.reload()
        state = container.attrs["State"]
        health = state.get("Health") or {}
        begun = {str(entry["Start"]) for entry in health.get("Log") or ()}
        # The first look tells which checks were made before.
        (later if earlier else earlier).update(begun - earlier)
        return str(health.get("Status", "none")) if state["Running"] else "ended"

    seen, _ = wait_for(
        look,
        until=lambda status: status in ("unhealthy", "ended") or len(later) >= _STEADY_CHECKS,
        timeout_s=_STEADY_CHECKS * (check.interval_s + check.timeout_s),
        interval_s=0.05,
    )
    return seen == "unhealthy"


def _run_inside(container: Container, check: HealthCheck) -> int:
    """Run a health command as the engine would; one that does not end in its timeout, or can't be run, failed with 1."""
    from docker.errors import APIError

    api = container.client.api  # type: ignore[union-attr]
    deadline = time.monotonic() + min(check.timeout_s, _LONGEST_TIMEOUT_S)
    try:
        started = api.exec_create(container.id, list(check.arguments))["Id"]
        api.exec_start(started, detach=True)
    except APIError:
        return 1
    seen, ended = wait_for(
        lambda: api.exec_inspect(started),
        until=lambda state: not state["Running"],
        timeout_s=max(0.0, deadline - time.monotonic()),
        interval_s=0.05,
    )
    return int(seen["ExitCode"] or 0) if ended else 1


def _stop(container: Container, timeout_s: float) -> int | None:
    from docker.errors import APIError

    container.reload()
    if container.attrs["State"]["Running"]:
        try:
            container.kill(signal="SIGTERM")
        except APIError:
            container.reload()

        def look() -> bool:
            container.reload()
            return bool(container.attrs["State"]["Running"])

        running, _ = wait_for(look, until=lambda runs: not runs, timeout_s=timeout_s, interval_s=0.05)
        if running:
            return None
    return int(container.attrs["State"]["ExitCode"])


def _ended(container: Container) -> str:
    """Return how it ended, with the log line that tells most: the first that names an error, else the last."""
    container.reload()
    state = container.attrs["State"]
    lines = _log(container)
    telling = next((line for line in lines if "Error: " in line), "")
    words = telling or (lines or ("it logged nothing",))[-1]
    memory = " (out of memory)" if state["OOMKilled"] else ""
    return one_line(f"it ended with exit code {state['ExitCode']}{memory}; its log says: {words}", 300)


def _log(container: Container) -> tuple[str, ...]:
    text = container.logs(tail=_LOG_LINES).decode("utf-8", "replace")
    return tuple(one_line(line, 500) for line in text.splitlines() if line.strip())[-_LOG_LINES:]


def _health_output(container: Container) -> str:
    log = (container.attrs["State"].get("Health") or {}).get("Log") or []
    return one_line(str(log[-1].get("Output", "")), 200) if log else ""
