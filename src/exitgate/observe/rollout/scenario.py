"""Scenarios: deployments one after another on one workload, under load from before the first until after the last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.load.plan import MOST_S
from exitgate.load.process import Probing, probing
from exitgate.load.results import Request, ResultsTail, percentile
from exitgate.observation import Substrate
from exitgate.observe.pressure import Pressure
from exitgate.observe.rollout.alarms import AlarmLimits, Alarms
from exitgate.observe.rollout.driver import Driver
from exitgate.observe.rollout.facts import Defect, Disturbance, Rollout, Sight, Step, Version
from exitgate.observe.rollout.load import effects, load_plan
from exitgate.observe.rollout.messages import handled, messages_to
from exitgate.observe.rollout.picture import picture_of
from exitgate.observe.rollout.rehearsed import with_grace
from exitgate.observe.rollout.tasks import TaskRecipe
from exitgate.provision.backing import Surroundings
from exitgate.provision.balancer import BalancerRules, throwaway_balancer
from exitgate.provision.engine import Engine
from exitgate.provision.favour import favoured, favoured_group, used_s
from exitgate.rollout.compression import Measured, inequalities, violated
from exitgate.rollout.settings import DeploymentAlarms, RolloutSettings
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Workload

_FAILED_TOLD, _SLOWEST_TOLD = 200, 100
"""Single requests that stand in the evidence."""
_BEFORE_S, _AFTER_S = 1.5, 1.5
"""Seconds of load before the first deployment, and after each one: what comes late is seen too."""
_USUAL_PERCENTILE = 90
"""Of the prober's lateness: by so much this machine is late, but for rare hiccups, which have a bound of their own."""
_NEVER_HEALTHY = frozenset({Defect.DEAF, Defect.CRASHES, Defect.UNMIGRATED})
"""Of these the circuit breaker tells, whatever alarms do."""
_CALM_WITHIN_S, _FILL_UP_S, _QUIET_WITHIN_S = 20.0, 60.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioOrder:
    """What is to be done."""

    name: str
    """Of the scenario, in file names."""
    initial: Version
    """What serves before anything is deployed."""
    deployments: tuple[Version, ...]
    step_limit_s: float
    """Seconds that each of them may take, a rollback included."""
    alarms: AlarmLimits | None
    failing_share: float
    """Of requests, that a version with the defect `ERRS` fails."""
    delay_s: float
    """Seconds by which a version with the defect `SLOW` holds each request up."""
    calm_latency_s: float
    """Latency at the 99th percentile above which this machine is too busy for anything to be begun."""
    disturbance: Disturbance | None = None
    """What happens to the first healthy task of each version that is deployed."""
    overtaken: frozenset[str] = frozenset()
    """Versions in whose deployment the next one comes as soon as a task of theirs is healthy."""
    least_requests: int = 0
    """Load goes on after the last deployment until so many requests have ended."""
    load_share: float = 1.0
    """Of the usual rates, at which load is sent: as much longer has an outage to be that is noticed."""
    bakes_rollbacks: bool = True
    """Whether a rollback is waited for until its own bake time is over, in which ECS does nothing but watch its alarms."""


def read_rollout(
    engine: Engine,
    run: Run,
    workload: Workload,
    container: ContainerSettings,
    settings: RolloutSettings,
    order: ScenarioOrder,
    substrate: Substrate,
    *,
    around: Surroundings,
    keep: EvidenceFolder,
    location: str,
    watch: Callable[[Sight], None] | None = None,
    listen: int = 0,
) -> Rollout:
    """Perform a scenario.

    1. Start the balancer, and deploy what serves at first.
    2. Send load; deploy each version, and let load go on after it.
    3. Stop the load, count the effects of its writes, remove everything.

    It measures this machine too: whoever calls it sees to it that nothing else keeps the machine busy.

    Args:
        engine: Where tasks run.
        run: Whose they are.
        workload: What is deployed, and what it is asked for.
        container: How its tasks are run.
        settings: By which it is deployed, compressed.
        order: What is to be done.
        substrate: On what.
        around: What the workload leans on.
        keep: Where the evidence goes.
        location: Of the workload's own description.
        watch: Told how everything stands, some times a second.
        listen: The balancer's port of 127.0.0.1; 0 for a free one.

    Raises:
        PrerequisiteMissing: if there is no balancer, nothing to ask the workload for, or what is to serve at first never does.
        ProvisionError: if something refuses.
        ObservationError: if prober, balancer or database say nothing.
    """
    with ExitStack() as stack:
        group = favoured_group(engine, run)
        stack.enter_context(favoured(group))
        balancer = stack.enter_context(throwaway_balancer(run, replace(balancer_rules(settings), port=listen)))
        plan = load_plan(
            workload, "127.0.0.1", balancer.port, idle_s=settings.idle_timeout_s / 2, share=order.load_share
        )
        plan = replace(plan, longest_s=min(MOST_S, len(order.deployments) * order.step_limit_s + plan.longest_s))
        network = around.network or stack.enter_context(_own_network(engine, run, workload.name))
        recipe = TaskRecipe(
            workload=workload.name,
            port=workload.port,
            # Nobody reads what the container's own check says here, and each is a process more.
            settings=replace(container, health_check=None),
            environment={**workload.environment, **around.environment},
            network=network,
            health_path=settings.target_check.path if settings.target_check else workload.health_path,
            group=group,
            failing_share=order.failing_share,
            delay_s=order.delay_s,
        )
        seen = _Seen()
        alarms = Alarms(order.alarms, settings.alarms.names, seen.more)
        versions = (order.initial, *order.deployments)
        # No alarm is watched while nobody sends a request.
        driver = Driver(engine, run, recipe, replace(settings, alarms=DeploymentAlarms()), versions, balancer, alarms)
        driver.bakes_rollbacks = order.bakes_rollbacks
        if watch:
            tell = watch
            driver.on_look = lambda: tell(driver.sight(*seen.counted()))
        stack.enter_context(driver.driving())
        first = driver.deploy(order.initial.name, limit_s=order.step_limit_s, settle_s=0.0)
        if first.result != "completed":
            raise _never_served(workload, driver, first.reason)
        # A version that never answers needs no time to start in: its tasks fail as soon as the policy's own grace is over.
        impatient, settings = with_grace(settings, 0.0), with_grace(settings, driver.slowest_start_s)
        driver.change_settings(settings)
        before = effects(workload, around)
        prober = stack.enter_context(probing(run, plan))
        published = stack.enter_context(messages_to(workload, around))
        seen.begin(prober)
        _await_calm(driver, seen, order)
        alarms.arm()
        pressure = Pressure(lambda: used_s(group))
        steps = tuple(_steps(driver, alarms, order, settings, impatient))
        driver.go_on(_FILL_UP_S, until=lambda: seen.counted()[0] >= order.least_requests)
        load = prober.stop()
        messages = handled(workload, around, published)
        after = effects(workload, around)
        measured = Measured(
            start_s=driver.slowest_start_s,
            longest_request_s=max((each.latency_s for each in load.requests if not each.failure), default=0.0),
            jitter_s=percentile([each.late_s for each in load.requests] or [0.0], _USUAL_PERCENTILE),
            rate_per_s=sum(stream.rate_rps for stream in plan.streams),
            shortest_outage_s=1 / order.load_share,
        )
        rollout = Rollout(
            substrate=replace(substrate, tools=(*substrate.tools, balancer.tool)),
            scenario=order.name,
            workload=workload.name,
            location=location,
            settings=settings,
            versions=versions,
            steps=steps,
            timeline=tuple(driver.timeline),
            tasks=tuple(driver.facts(task) for task in driver.tasks.all.values()),
            load=load,
            written=None if before is None or after is None else after - before,
            messages=messages,
            starved_percent=pressure.starved_percent,
            foreign_percent=pressure.foreign_percent,
            violated=violated(settings, measured),
            injected=sum(task.proxy.meddled for task in driver.tasks.all.values() if task.proxy),
        )
    held = [str(each) for each in inequalities(settings, measured)]
    evidence = keep.keep(f"rollout-{order.name}-{workload.name}.json", _told(rollout, held))
    return replace(rollout, evidence=(evidence,), pictures=(picture_of(rollout),))


def balancer_rules(settings: RolloutSettings) -> BalancerRules:
    """Return how the balancer is set for a service.

    Raises:
        PrerequisiteMissing: if the service has none.
    """
    check = settings.target_check
    if check is None:
        raise PrerequisiteMissing(
            f"workload {settings.workload}",
            got="no load balancer's health check",
            expected="a service behind a load balancer",
            action="Add [policy.deployments.health], or declare the control not applicable.",
        )
    return BalancerRules(
        health_path=check.path,
        success_codes=tuple(code for code in range(200, 500) if check.accepts(code)),
        interval_s=check.interval_s,
        timeout_s=check.timeout_s,
        healthy_count=check.healthy_count,
        unhealthy_count=check.unhealthy_count,
        idle_timeout_s=settings.idle_timeout_s,
        propagation_lag_s=settings.propagation_lag_s,
    )


class _Seen:
    """The requests that have ended, for the alarms; none before the load begins."""

    def __init__(self) -> None:
        self._tail: ResultsTail | None = None
        self.count = self.failed = 0
        self._waiting: list[Request] = []

    def begin(self, prober: Probing) -> None:
        self._tail = ResultsTail(prober.results_path, prober.plan)

    def more(self) -> Sequence[Request]:
        """Return those that were not returned before."""
        self.counted()
        found, self._waiting = self._waiting, []
        return found

    def counted(self) -> tuple[int, int]:
        """Return how many have ended, and how many of them failed."""
        for request in self._tail.more() if self._tail else ():
            self._waiting.append(request)
            self.count += 1
            self.failed += bool(request.failure)
        return self.count, self.failed


def _await_calm(driver: Driver, seen: _Seen, order: ScenarioOrder) -> None:
    """Send load to what serves at first until it is answered as quickly as it has to be.

    Raises:
        PrerequisiteMissing: if it is not: what follows would say something about this machine, and not about the workload.
    """
    latencies: list[float] = []
    for _ in range(int(_CALM_WITHIN_S / _BEFORE_S)):
        driver.go_on(_BEFORE_S)
        latencies = [request.latency_s for request in seen.more()]
        if latencies and percentile(latencies, 99) <= order.calm_latency_s:
            return
    raise PrerequisiteMissing(
        "this machine",
        got=f"before anything is deployed, requests take {percentile(latencies, 99) * 1000:.0f} ms at the 99th percentile",
        expected=f"at most {order.calm_latency_s * 1000:.0f} ms within {_CALM_WITHIN_S:g} s",
        action="Run again when this machine has less to do, or with fewer workers.",
    )


def _steps(
    driver: Driver, alarms: Alarms, order: ScenarioOrder, settings: RolloutSettings, impatient: RolloutSettings
) -> Iterator[Step]:
    """Deploy each version.

    One of which alarms have to tell waits until none rings that the one before has set off: ECS would not look at it then.

    Args:
        settings: By which versions are deployed.
        impatient: The same for those that never answer.

    Raises:
        PrerequisiteMissing: if one goes on ringing.
    """
    for version in order.deployments:
        if version.defect not in _NEVER_HEALTHY:
            _await_silence(driver, alarms, order)
        driver.disturbance = order.disturbance
        driver.change_settings(impatient if version.defect is Defect.DEAF else settings)
        overtaken = version.name in order.overtaken
        yield driver.deploy(
            version.name,
            limit_s=order.step_limit_s,
            settle_s=0.0 if overtaken else _AFTER_S,
            overtaken=overtaken,
        )


def _await_silence(driver: Driver, alarms: Alarms, order: ScenarioOrder) -> None:
    """Go on until no alarm rings.

    Raises:
        PrerequisiteMissing: if one goes on ringing.
    """
    quiet_s = _QUIET_WITHIN_S + (order.alarms.clears_within_s if order.alarms else 0.0)
    driver.go_on(quiet_s, until=lambda: not alarms.ringing)
    if alarms.ringing:
        raise PrerequisiteMissing(
            "this machine",
            got=f"the alarm {', '.join(sorted(alarms.ringing))} still rings {quiet_s:g} s after the version before "
            "was taken back",
            expected="silence before the next version is deployed",
            action="Look at the timeline in the evidence; run again when this machine has less to do.",
        )


@contextmanager
def _own_network(engine: Engine, run: Run, name: str) -> Iterator[str]:
    network = engine.client.networks.create(f"exitgate-{run.id}-rollout-{name}", labels=run.labels)
    try:
        yield str(network.name)
    finally:
        network.remove()


def _never_served(workload: Workload, driver: Driver, reason: str) -> PrerequisiteMissing:
    words = [task.last_words for task in driver.tasks.all.values() if task.last_words]
    seen = sorted({each.health for task in driver.tasks.all.values() if (each := driver.facts(task)).health})
    got = reason or f"its targets are {', '.join(seen) or 'none'}"
    return PrerequisiteMissing(
        f"workload {workload.name}",
        got=f"the version that is to be replaced never serves: {got}; {words[-1] if words else 'its log has no error'}",
        expected="tasks that become healthy behind the balancer",
        action="Look at 3.2.B.2.2 and at the health path first.",
        blocked_by="3.5.C.1",
    )


def _told(rollout: Rollout, inequalities: list[str]) -> str:
    """Return all but the single requests, of which the failed and the slowest ones are told."""
    load = rollout.load
    told = {
        "scenario": rollout.scenario,
        "settings": asdict(rollout.settings),
        "inequalities": inequalities,
        "versions": [asdict(each) for each in rollout.versions],
        "steps": [asdict(each) for each in rollout.steps],
        "tasks": [asdict(each) for each in rollout.tasks],
        "timeline": [asdict(each) for each in rollout.timeline],
        "load": {
            "planned": load.planned,
            "unsent": load.unsent,
            "answered or failed": len(load.requests),
            "failed": [asdict(each) for each in load.failed[:_FAILED_TOLD]],
            "slowest": [
                {**asdict(each), "latency_s": each.latency_s}
                for each in sorted(load.requests, key=lambda each: -each.latency_s)[:_SLOWEST_TOLD]
            ],
        },
        "written": rollout.written,
        "messages": [asdict(each) for each in rollout.messages],
        "starved_percent": rollout.starved_percent,
        "foreign_percent": rollout.foreign_percent,
    }
    return json.dumps(told, indent=1, default=str)
