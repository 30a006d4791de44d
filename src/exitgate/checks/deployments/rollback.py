"""What brings the old version back: is it planned (3.5.A.3)?"""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.checks.deployments.planned import in_every_stack, needing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import AlarmFacts, DeploymentSettings, Topic
from exitgate.policy.deployments import RollbackPolicy

_ERRORS = frozenset({"HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"})
_LATENCY = frozenset({"TargetResponseTime"})
_SLOWEST = frozenset({"p99", "p99.0", "p99.00"})


@in_every_stack
@needing(Topic.BREAKER)
def unwired_breakers(planned: DeploymentSettings) -> list[Finding]:
    """Name a circuit breaker that is off, or that fails a deployment and leaves it so."""
    breaker, at = planned.settings.breaker, planned.at_service("deployment_circuit_breaker")
    if not breaker.enable:
        return [
            Finding(
                location=at,
                message="the circuit breaker is off",
                expected="enable = true and rollback = true",
                got="enable = false, or no such block",
                remedy="Enable the circuit breaker, with rollback.",
            )
        ]
    if not breaker.rollback:
        return [
            Finding(
                location=at,
                message="the circuit breaker does not roll back",
                expected="rollback = true",
                got="rollback = false: a failed deployment stalls",
                remedy="Set rollback = true.",
            )
        ]
    return []


@in_every_stack
@needing(Topic.ALARMS)
def unwired_alarms(planned: DeploymentSettings, policy: RollbackPolicy) -> list[Finding]:
    """Name what keeps the alarms of the rules from rolling a deployment back."""
    if "alarms" not in policy.triggers:
        return []
    alarms, at = planned.settings.alarms, planned.at_service("alarms")

    def finding(message: str, expected: str, got: str, location: str = at) -> Finding:
        return Finding(
            location=location,
            message=message,
            expected=expected,
            got=got,
            remedy="Name alarms with the limits of [policy.deployments.rollback] in the service's alarms block.",
        )

    findings = []
    if not alarms.enable or not alarms.names:
        return [finding("no deployment listens to alarms", "alarms, enabled", "no alarms, or enable = false")]
    if not alarms.rollback:
        findings.append(finding("alarms do not roll back", "rollback = true", "rollback = false"))
    findings += [
        finding(f"the alarm {name} is not in the plan", "an alarm that exists", name) for name in planned.missing_alarms
    ]
    for what, metrics, limit in (
        ("error rate", _ERRORS, policy.error_rate_percent),
        ("latency", _LATENCY, (policy.latency_p99_ms or 0) / 1000),
    ):
        own = [alarm for alarm in planned.alarms if metrics.intersection(alarm.metrics)]
        if not own:
            findings.append(finding(f"no alarm measures the {what}", f"one of {', '.join(sorted(metrics))}", "none"))
        for alarm in own:
            if planned.target_group and alarm.measures and planned.target_group.address not in alarm.measures:
                findings.append(
                    finding(
                        f"the {what} alarm measures something else than this workload",
                        planned.target_group.address,
                        ", ".join(alarm.measures),
                        alarm.resource.locate("dimensions"),
                    )
                )
            for message, expected, got in _differences(alarm, what, limit, policy):
                findings.append(finding(message, expected, got, alarm.resource.locate("threshold")))
    return findings


def _strange_measures(alarm: AlarmFacts, what: str) -> Iterator[tuple[str, str, str]]:
    """Say where an alarm measures something else than the rules' limits are of: a number of errors, or a mean."""
    if what == "error rate" and not alarm.reckons:
        yield (
            "the error rate alarm counts errors, and no rate",
            "an expression of errors and RequestCount: the rules' limit is percent",
            ", ".join(alarm.metrics),
        )
    if what == "latency" and alarm.statistics and not set(alarm.statistics) <= _SLOWEST:
        yield (
            "the latency alarm does not measure the slowest hundredth",
            "the statistic p99: of a mean, one slow answer in a hundred is not seen",
            ", ".join(filter(None, alarm.statistics)) or "no statistic",
        )


def _differences(
    alarm: AlarmFacts, what: str, limit: float | None, policy: RollbackPolicy
) -> Iterator[tuple[str, str, str]]:
    yield from _strange_measures(alarm, what)
    if alarm.threshold != limit:
        yield f"the {what} alarm has another limit than the rules", f"{limit}", f"{alarm.threshold}"
    if alarm.period_s != policy.period_s or alarm.periods != policy.periods:
        yield (
            f"the {what} alarm measures over another time than the rules",
            f"{policy.periods} periods of {policy.period_s} s",
            f"{alarm.periods} of {alarm.period_s} s",
        )
    if alarm.on_missing_data == "breaching":
        # ECS ignores an alarm that rings already when a deployment begins.
        yield (
            f"the {what} alarm rings where there is no request, and deployments ignore one that rings as they begin",
            "notBreaching for missing data",
            "breaching",
        )
    if alarm.datapoints is not None and alarm.periods is not None and alarm.datapoints > alarm.periods:
        yield f"the {what} alarm can't fire", f"at most {alarm.periods} datapoints", f"{alarm.datapoints}"
    if not alarm.comparison.startswith("GreaterThan"):
        yield f"the {what} alarm fires when all is well", "GreaterThanThreshold", alarm.comparison
