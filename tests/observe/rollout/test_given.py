"""Settings for a rollout by hand: from TOML, a plan and AWS's answers, alone and together; each mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exitgate.errors import ExitgateError
from exitgate.observe.rollout.given import GivenSettings, read_given_settings
from tests.observe.deployment_settings.saved import ANSWERS

SMALL = 'port = 3000\nhealth_path = "/healthz"\n'
PLAN: dict[str, Any] = {
    "planned_values": {
        "root_module": {
            "child_modules": [
                {
                    "resources": [
                        {
                            "mode": "managed",
                            "address": f"module.orders.{kind}.this",
                            "type": kind,
                            "values": values,
                        }
                        for kind, values in {
                            "aws_ecs_service": {
                                "name": "orders",
                                "desired_count": 3,
                                "deployment_minimum_healthy_percent": 100,
                                "deployment_maximum_percent": 150,
                                "health_check_grace_period_seconds": 60,
                                "deployment_circuit_breaker": [{"enable": True, "rollback": True}],
                                "load_balancer": [{"container_port": 3000}],
                            },
                            "aws_lb_target_group": {
                                "deregistration_delay": "20",
                                "health_check": [{"path": "/healthz", "matcher": "200", "interval": 10, "timeout": 3}],
                            },
                            "aws_ecs_task_definition": {
                                "container_definitions": json.dumps(
                                    [{"name": "orders", "portMappings": [{"containerPort": 3000}], "stopTimeout": 25}]
                                )
                            },
                        }.items()
                    ]
                }
            ]
        }
    }
}


def read(folder: Path, *texts: str, service: str = "") -> GivenSettings:
    files = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.{'json' if text.startswith('{') else 'toml'}"
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return read_given_settings(files, service)


def test_what_is_left_out_is_what_ecs_would_take(tmp_path: Path) -> None:
    settings = read(tmp_path, SMALL).rollout
    assert (settings.minimum_healthy_percent, settings.maximum_percent, settings.deregistration_delay_s) == (
        100,
        200,
        300,
    )
    assert not settings.breaker.enable
    assert settings.target_check
    assert settings.target_check.path == "/healthz"


def test_a_plan_tells_of_everything(tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps(PLAN))
    assert (found.port, found.health_path, found.desired_count, found.maximum_percent) == (3000, "/healthz", 3, 150)
    assert (found.deregistration_delay_s, found.stop_timeout_s, found.interval_s) == (20, 25, 10)
    assert found.rollout.breaker.rollback


def test_answers_of_aws_add_up_and_the_last_file_counts(tmp_path: Path) -> None:
    answers = [json.dumps(ANSWERS[name]) for name in ("service", "target_groups", "target_group_attributes")]
    found = read(tmp_path, *answers, "desired_count = 1\n")
    assert (found.port, found.health_path, found.desired_count) == (3000, "/healthz", 1)
    assert (found.deregistration_delay_s, found.grace_period_s, found.timeout_s) == (30, 60, 3)


def test_alarms_are_divided_with_everything_else(tmp_path: Path) -> None:
    found = read(
        tmp_path, SMALL + "rollback = true\n[alarms]\nerror_rate_percent = 1\nlatency_p99_ms = 500\nperiod_s = 60\n"
    )
    limits = found.alarm_limits(20)
    assert limits
    assert (limits.period_s, limits.latency_p99_s) == (3, 0.5)
    assert found.rollout.alarms.names == ("error-rate", "latency")
    assert found.rollout.alarms.rollback


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("port = 3000\n",), r"0\.toml:1.*health_path"),
        ((SMALL + "timeout_s = 5\ninterval_s = 5\n",), r"0\.toml:3: timeout_s = 5 with interval_s = 5"),
        (
            (SMALL + "desired_count = 1\nmaximum_percent = 100\n",),
            r"0\.toml:4: .*at least 1 healthy, at most 1 running",
        ),
        ((SMALL + "maximum_percent = 125\n",), "room for one task more"),
        ((SMALL + "rollback = true\n",), "neither circuit_breaker nor"),
        ((SMALL + "matcher = 200\n",), r"0\.toml:3"),
        ((SMALL + "desired_count = 500\n",), r"0\.toml:3"),
        ((SMALL + "helth = 1\n",), r"0\.toml:3.*helth"),
        (("port = \n",), "expected valid TOML"),
        (("{",), "no JSON"),
        (('{"reservations": []}',), "JSON with reservations"),
        (('{"services": [], "failures": []}',), "no services"),
        (('{"services": [{"serviceName": "orders"}]}',), "services.0.status"),
        ((json.dumps(ANSWERS["service"]),), "health_path"),
    ],
)
def test_each_mistake_is_one_line(texts: tuple[str, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(ExitgateError, match=words) as caught:
        read(tmp_path, *texts)
    assert len(str(caught.value).splitlines()) == 1


def test_which_of_several_services_is_asked_for_by_name(tmp_path: Path) -> None:
    (own,) = ANSWERS["service"]["services"]
    both = json.dumps({"services": [own, {**own, "serviceName": "web", "desiredCount": 9}], "failures": []})
    with pytest.raises(ExitgateError, match="2 services; expected one; --service names which"):
        read(tmp_path, both)
    assert read(tmp_path, both, SMALL, service="orders").desired_count == 2


def test_the_settings_in_the_documentation_are_settings(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs/deployments.md").read_text(encoding="utf-8")
    (written,) = [each.split("```")[0] for each in text.split("```toml\n") if each.startswith("port = ")]
    assert read(tmp_path, written).rollout.alarms.rollback
