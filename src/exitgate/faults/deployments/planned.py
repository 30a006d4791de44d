"""Faults of 3.5: services, target groups, load balancers and alarms that are planned otherwise than they should be."""

from __future__ import annotations

from exitgate.faults.deployments.rewriting import code
from exitgate.faults.fault import Fault, FaultSite

_MAIN, _ROUTING, _ALARMS, _BALANCER = "service/main.tf", "service/routing.tf", "service/alarms.tf", "balancer/main.tf"


def _stop_at_once(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(stopTimeout=2))


def _planned(
    name: str, title: str, control: str, check: str, file: str, pattern: str, replacement: str, message: str, *also: str
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=control,
        check=check,
        location=f"infra/modules/{file}",
        message=message,
        inject=code(file, pattern, replacement),
        also=frozenset(also),
    )


FAULTS = (
    _planned(
        "tag-that-moves",
        "the image is named by a tag that every build moves, and ECS was told not to resolve it once",
        *("3.5.B.1", "one-image", _MAIN),
        r'image = "\$\{local.repository\}@\$\{local.digest\}"',
        'image = "${local.repository}:latest", versionConsistency = "disabled"',
        "tasks of one deployment may run different images",
    ),
    _planned(
        "mean-latency",
        "the alarm on latency watches the mean, in which one slow answer of a hundred does not show",
        *("3.5.A.3", "alarms-wired", _ALARMS),
        r'extended_statistic = "p99"',
        'statistic          = "Average"',
        "the latency alarm does not measure the slowest hundredth",
    ),
    _planned(
        "rings-at-night",
        "the alarm on latency rings where nobody asks for anything, and the next deployment ignores it",
        *("3.5.A.3", "alarms-wired", _ALARMS),
        r'(threshold           = 1\n  evaluation_periods  = 2\n  datapoints_to_alarm = 2\n  treat_missing_data  = )"notBreaching"',
        r'\1"breaching"',
        "the latency alarm rings where there is no request",
    ),
    _planned(
        "controller-left-out",
        "the deployment controller is left to a default",
        *("3.5.A.1", "plan-agrees", _MAIN),
        r"  deployment_controller \{.*?\n  \}\n",
        "",
        "deployment controller is not written out",
    ),
    _planned(
        "other-maximum-percent",
        "the service was given less room than the rules say",
        *("3.5.A.1", "plan-agrees", _MAIN),
        r"deployment_maximum_percent +=.*?$",
        "deployment_maximum_percent = 150",
        "maximum percent is not that of the rules",
    ),
    _planned(
        "minimum-zero",
        "ECS may stop every task before it starts one",
        *("3.5.B.1", "capacity-kept", _MAIN),
        r"deployment_minimum_healthy_percent +=.*?$",
        "deployment_minimum_healthy_percent = 0",
        "ECS may stop more healthy tasks than the rules allow",
        "3.5.A.1",
    ),
    _planned(
        "no-room",
        "maximum and minimum are both 100 percent",
        *("3.5.B.1", "makes-progress", _MAIN),
        r"deployment_maximum_percent +=.*?$",
        "deployment_maximum_percent = 100",
        "a deployment can take no step",
        "3.5.A.1",
    ),
    _planned(
        "no-grace",
        "the grace period was forgotten, so ECS kills what is still starting",
        *("3.5.A.2", "timings-consistent", _MAIN),
        r"  health_check_grace_period_seconds += .*?\n",
        "",
        "a task as slow to start as the rules allow is killed",
        "3.5.B.1",
    ),
    _planned(
        "grace-of-a-day",
        "a grace period of a day made the deployments green",
        *("3.5.B.1", "breaker-reachable", _MAIN),
        r"health_check_grace_period_seconds += .*?$",
        "health_check_grace_period_seconds = 86400",
        "never becomes healthy is not given up",
        "3.5.A.2",
    ),
    _planned(
        "slow-detection",
        "the load balancer waits for ten failures",
        *("3.5.A.2", "thresholds-agree", _ROUTING),
        r"unhealthy_threshold += 3",
        "unhealthy_threshold = 10",
        "unhealthy count is not that of the rules",
        "3.5.B.1",
    ),
    _planned(
        "breaker-off",
        "the circuit breaker was switched off to get a release out",
        *("3.5.A.3", "breaker-wired", _MAIN),
        r"(deployment_circuit_breaker \{\s+enable +=) true",
        r"\1 false",
        "the circuit breaker is off",
        "3.5.B.1",
    ),
    _planned(
        "breaker-without-rollback",
        "the circuit breaker leaves a failed deployment as it is",
        *("3.5.A.3", "breaker-wired", _MAIN),
        r"(deployment_circuit_breaker \{.*?rollback +=) true",
        r"\1 false",
        "does not roll back",
        "3.5.B.1",
    ),
    _planned(
        "alarms-unheard",
        "there are alarms, and no deployment listens to them",
        *("3.5.A.3", "alarms-wired", _MAIN),
        r"  alarms \{.*?\n  \}\n",
        "",
        "no deployment listens to alarms",
    ),
    _planned(
        "lax-alarm",
        "the error alarm fires at half of all requests",
        *("3.5.A.3", "alarms-wired", _ALARMS),
        r"threshold +=.*?$",
        "threshold = 50",
        "error rate alarm has another limit",
    ),
    _planned(
        "not-found-is-healthy",
        "the matcher takes any answer below 500",
        *("3.5.B.2", "matcher-strict", _ROUTING),
        r'matcher += "200"',
        'matcher = "200-499"',
        "takes status codes for healthy that are not",
    ),
    _planned(
        "checks-the-front-page",
        "the load balancer asks the front page",
        *("3.5.B.2", "matcher-strict", _ROUTING),
        r"path += var\.health_path",
        'path = "/"',
        "asks another path than the workload's health path",
    ),
    _planned(
        "moved-is-healthy",
        "a redirect counts as healthy",
        *("3.5.B.2", "matcher-strict", _ROUTING),
        r'matcher += "200"',
        'matcher = "200,301"',
        "takes status codes for healthy that are not",
    ),
    _planned(
        "deregistration-at-once",
        "the load balancer cuts leaving tasks off at once",
        *("3.5.B.3", "timings-consistent", _ROUTING),
        r"deregistration_delay += 30",
        "deregistration_delay = 0",
        "deregistration delay is shorter than the longest request",
    ),
    _planned(
        "idle-for-longer",
        "the load balancer keeps idle connections for longer than the workloads do",
        *("3.5.B.3", "timings-consistent", _BALANCER),
        r"idle_timeout += 60",
        "idle_timeout = 120",
        "keeps idle connections for longer than the workload does",
    ),
    Fault(
        id="stops-at-once",
        title="the task definition kills what has not stopped after two seconds",
        control="3.5.B.3",
        check="settings-planned",
        location="task-definition.json",
        message="stop timeout is not that of the rules",
        inject=_stop_at_once,
    ),
)
