"""Rules on health checks."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import (
    blind_health_checks,
    missing_image_health_check,
    missing_task_health_check,
    never_healthy,
)
from exitgate.settings import ContainerSettings
from tests.checks.containers.builders import LOCATIONS, dockerfile, health_check, image, life, task


def image_with(*command: str) -> ContainerSettings:
    return ContainerSettings(health_check=health_check(*command) if command else None)


@pytest.mark.parametrize("command", [("CMD", "/check"), ("CMD-SHELL", "wget localhost"), ("/check",)])
def test_an_image_with_a_health_check_has_no_finding(command: tuple[str, ...]) -> None:
    assert missing_image_health_check(image(settings=image_with(*command)), dockerfile()) == []


def test_an_image_without_a_health_check_is_a_finding_at_its_stage() -> None:
    (finding,) = missing_image_health_check(image(settings=image_with()), dockerfile((4, "USER", "1")))
    assert finding.location == "apps/orders/Dockerfile:3"
    assert finding.got == "none"


def test_an_image_that_switches_its_health_check_off_is_a_finding_at_that_line() -> None:
    (finding,) = missing_image_health_check(image(settings=image_with("NONE")), dockerfile())
    assert finding.location == "apps/orders/Dockerfile:5"
    assert finding.got == "NONE"


def test_the_missing_health_check_is_located_in_the_stage_that_is_deployed() -> None:
    (finding,) = missing_image_health_check(image(settings=image_with()), dockerfile(), "build")
    assert finding.location == "apps/orders/Dockerfile:1"


def test_a_task_with_a_health_check_has_no_finding() -> None:
    assert missing_task_health_check(task()) == []


@pytest.mark.parametrize(
    ("check", "got"), [(None, "none"), (health_check("NONE"), "NONE"), (health_check("none"), "NONE")]
)
def test_a_task_without_a_health_check_is_a_finding(check: object, got: str) -> None:
    (finding,) = missing_task_health_check(task(health_check=check))
    assert finding.location == "task.json:16"
    assert finding.got == got


def test_a_health_check_that_says_healthy_has_no_finding() -> None:
    assert never_healthy(life()) == []


def test_without_a_health_check_there_is_none_that_never_says_healthy() -> None:
    assert never_healthy(life(health_check=None, went_healthy=False)) == []


def test_a_health_check_of_a_workload_that_does_not_answer_is_not_blamed() -> None:
    assert never_healthy(life(answered=False, failure="ended", went_healthy=False)) == []


def test_a_health_check_that_never_says_healthy_of_what_answers_is_a_finding_with_its_words() -> None:
    (finding,) = never_healthy(life(went_healthy=False, health_output="connection refused"))
    assert finding.location == LOCATIONS.health_check
    assert finding.got == "connection refused"
    assert "task definition" in finding.message


def test_a_silent_health_check_is_said_to_be_silent() -> None:
    (finding,) = never_healthy(life(went_healthy=False))
    assert finding.got == "no output"


@pytest.mark.parametrize("code", [0, None])
def test_an_image_health_check_that_succeeds_or_was_not_run_has_no_finding(code: int | None) -> None:
    assert never_healthy(life(image_check=health_check(), image_check_working=code)) == []


@pytest.mark.parametrize("code", [1, 127, -1])
def test_an_image_health_check_that_fails_of_what_answers_is_a_finding(code: int) -> None:
    (finding,) = never_healthy(life(image_check=health_check(), image_check_working=code))
    assert finding.location == LOCATIONS.image_health_check
    assert finding.got == f"exit code {code}"


def test_both_health_checks_are_judged() -> None:
    seen = life(went_healthy=False, image_check=health_check(), image_check_working=1)
    assert [finding.location for finding in never_healthy(seen)] == [
        LOCATIONS.health_check,
        LOCATIONS.image_health_check,
    ]


@pytest.mark.parametrize("shell_form", ["CMD-SHELL", "cmd-shell"])
def test_a_check_in_shell_form_in_an_image_without_a_shell_is_told_what_it_lacks(shell_form: str) -> None:
    seen = life(
        went_healthy=False,
        health_check=health_check(shell_form, "wget localhost"),
        image_check=health_check("CMD", "/check"),
        image_check_working=1,
    )
    own, other = never_healthy(seen)
    assert "shell" in own.remedy
    assert "shell" not in other.remedy


def test_a_check_in_shell_form_in_an_image_with_a_shell_is_not_told_to_drop_it() -> None:
    (finding,) = never_healthy(life(went_healthy=False, health_check=health_check("CMD-SHELL", "x"), has_shell=True))
    assert "shell" not in finding.remedy


def test_health_checks_that_notice_a_hang_have_no_finding() -> None:
    assert blind_health_checks(life(image_check=health_check(), image_check_working=0, image_check_frozen=1)) == []


def test_what_never_went_healthy_is_not_called_blind() -> None:
    assert blind_health_checks(life(went_healthy=False, went_unhealthy=False)) == []


def test_a_health_check_that_stays_healthy_of_what_hangs_is_a_finding() -> None:
    (finding,) = blind_health_checks(life(went_unhealthy=False))
    assert finding.location == LOCATIONS.health_check
    assert (finding.expected, finding.got) == ("unhealthy", "healthy")


def test_an_image_health_check_that_succeeds_while_all_hangs_is_a_finding() -> None:
    (finding,) = blind_health_checks(life(image_check=health_check(), image_check_working=0, image_check_frozen=0))
    assert finding.location == LOCATIONS.image_health_check
    assert finding.got == "exit code 0"


def test_both_blind_health_checks_are_named() -> None:
    seen = life(went_unhealthy=False, image_check=health_check(), image_check_frozen=0)
    assert len(blind_health_checks(seen)) == 2


def test_an_image_health_check_that_was_not_tried_on_a_hang_is_not_called_blind() -> None:
    assert blind_health_checks(life(image_check=health_check(), image_check_frozen=None)) == []


@pytest.mark.parametrize("when", ["while it worked", "after it had hung for a while and went on"])
def test_a_health_check_that_wavers_is_a_finding(when: str) -> None:
    (finding,) = never_healthy(life(wavered=when, health_output="refused"))
    assert finding.location == LOCATIONS.health_check
    assert finding.message.endswith(f"says unhealthy of a workload that answers, {when}")
    assert finding.got == "refused"
