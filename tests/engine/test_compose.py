"""A service that a Compose file describes, run for real: every check as with a task definition, in the file's own words."""

from __future__ import annotations

import pytest

from tests.engine.conftest import CONFIGURATION, Small

pytestmark = [pytest.mark.engine, pytest.mark.slow]

DECIDED = ("3.2.A.2", "3.2.B.2.1", "3.2.B.2.2", "3.2.B.2.3", "3.2.C.3")
"""The controls that a workload's settings decide."""
SETTINGS = tuple(word for control in DECIDED for word in ("--control", control))

COMPOSE = """\
services:
  echo:
    image: echo:${TAG}
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    group_add: [20001]
    sysctls: ["net.core.somaxconn=1024"]
    environment:
      LEVEL: ${LEVEL:-info}
    stop_grace_period: 5s
    tmpfs: /scratch
"""


def place(small: Small, text: str) -> None:
    small.write("compose.yaml", text)
    small.write("exitgate.toml", CONFIGURATION.replace('task_definition = "task.json"', 'compose = "compose.yaml"'))


def test_a_sound_service_meets_every_check_its_images_health_check_included(small: Small) -> None:
    place(small, COMPOSE)
    small.run(*SETTINGS)
    checks = small.checks()
    unmet = {name: check["message"] for name, check in checks.items() if check["status"] != "met"}
    assert {name: message for name, message in unmet.items() if name.startswith(DECIDED)} == {}
    assert {name.partition(" ")[0] for name in checks} >= set(DECIDED)
    assert (
        "the variable LEVEL is taken as compose.yaml has it where it is not set"
        in (checks["3.2.C.3 raw-socket"]["limits"])
    )


def test_what_is_wrong_stands_in_the_compose_file(small: Small) -> None:
    text = COMPOSE.replace("tmpfs: /scratch", "tmpfs: /app").replace("cap_drop: [ALL]", "cap_add: [NET_ADMIN]")
    place(small, text.replace("read_only: true", "healthcheck: {disable: true}"))
    small.run(*SETTINGS)
    checks = small.checks()
    found = {
        name: {(finding["location"], finding["message"]) for finding in check["findings"]}
        for name, check in checks.items()
        if check["status"] == "not_met"
    }
    assert ("compose.yaml:6", "the Compose file adds the capability NET_ADMIN") in found["3.2.A.2 added-capabilities"]
    assert ("compose.yaml:2", "the Compose file does not drop all capabilities") in found["3.2.B.2.2 drops-all"]
    switched_off = ("compose.yaml:5", "the Compose file switches the image's health check off")
    assert found["3.2.B.2.3 in-task-definition"] == {switched_off}


def test_a_place_to_write_over_the_code_is_found_where_it_is_given(small: Small) -> None:
    place(small, COMPOSE + "    volumes: ['code:/app']\nvolumes: {code: {}}\n")
    small.run("--control", "3.2.C.3")
    (finding,) = small.checks()["3.2.C.3 root-filesystem"]["findings"]
    assert finding["location"] == "compose.yaml:13"
    assert finding["message"] == "the workload may write to /app, over files of the image"
    assert finding["got"] == "/app/health.cjs, /app/server.mjs"


def test_a_variable_that_decides_something_is_not_assessed_by_its_name(small: Small) -> None:
    place(small, COMPOSE.replace('"10001:10001"', "${WHO}"))
    small.run("--control", "3.2.B.2.2")
    check = small.checks()["3.2.B.2.2 drops-all"]
    assert check["status"] == "not_assessed"
    assert "compose.yaml:4: the variable WHO, which is set nowhere in the target" in check["message"]
