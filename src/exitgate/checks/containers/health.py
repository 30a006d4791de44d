"""Health checks: there, and telling the truth about a workload that works and about one that hangs."""

from __future__ import annotations

from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.image import ImageFacts
from exitgate.observe.life import Life
from exitgate.observe.task_definition import TaskDefinition
from exitgate.settings import HealthCheck


def missing_image_health_check(image: ImageFacts, dockerfile: Dockerfile, stage: str | None = None) -> list[Finding]:
    """Say where the image has no HEALTHCHECK, or switches it off."""
    check = image.settings.health_check
    if check is not None and check.is_set:
        return []
    return [
        Finding(
            location=dockerfile.locate("HEALTHCHECK", stage),
            message="the image has no HEALTHCHECK",
            expected='HEALTHCHECK CMD ["…"] in the stage that is deployed',
            got="NONE" if check else "none",
            remedy="Add a HEALTHCHECK in exec form, with a program that the image holds.",
        )
    ]


def missing_task_health_check(task: TaskDefinition) -> list[Finding]:
    """Say where the task definition has no health check: ECS does not look at the image's own.

    What runs the image's own, as Docker does, has one where the file does not switch it off.
    """
    check = task.settings.health_check
    if check is not None and check.is_set:
        return []
    if task.runs_image_health_check:
        return [] if check is None or not check.command else [_switched_off(task)]
    return [
        Finding(
            location=task.locate("healthCheck"),
            message="the task definition has no health check, and ECS ignores the image's own",
            expected="healthCheck with a command",
            got="NONE" if check else "none",
            remedy="Repeat the image's HEALTHCHECK as healthCheck of the container definition.",
        )
    ]


def _switched_off(task: TaskDefinition) -> Finding:
    return Finding(
        location=task.locate("healthCheck"),
        message=f"the {task.noun} switches the image's health check off",
        expected=f"{task.key('healthCheck')} with a command, or none at all",
        got="NONE",
        remedy="Take it out, so that the image's own HEALTHCHECK is run.",
    )


def never_healthy(life: Life) -> list[Finding]:
    """Name each health check that does not say healthy of a workload that answers."""
    findings = []
    if life.health_check and life.answered and not life.went_healthy:
        findings.append(
            Finding(
                location=life.locations.health_check,
                message=f"{_owner(life)} health check never says healthy of a workload that answers",
                expected="healthy",
                got=life.health_output or "no output",
                remedy=_remedy(life.health_check, has_shell=life.has_shell),
            )
        )
    if life.wavered:
        findings.append(
            Finding(
                location=life.locations.health_check,
                message=f"{_owner(life)} health check says unhealthy of a workload that answers, {life.wavered}",
                expected="healthy for as long as it answers",
                got=life.health_output or "no output",
                remedy="Run its command in the container again and again: it must depend on nothing but the workload's answer.",
            )
        )
    if life.image_check is not None and life.image_check_working not in (None, 0):
        findings.append(
            Finding(
                location=life.locations.image_health_check,
                message="the image's HEALTHCHECK fails while the workload answers",
                expected="exit code 0",
                got=f"exit code {life.image_check_working}",
                remedy=_remedy(life.image_check, has_shell=life.has_shell),
            )
        )
    return findings


def blind_health_checks(life: Life) -> list[Finding]:
    """Name each health check that still says healthy while every process of the workload is stopped."""
    blind = "while every process of the workload is stopped"
    remedy = "Have the check ask the workload for an answer, with a time-out of its own."
    findings = []
    if life.went_healthy and not life.went_unhealthy:
        findings.append(
            Finding(
                location=life.locations.health_check,
                message=f"{_owner(life)} health check stays healthy {blind}",
                expected="unhealthy",
                got="healthy",
                remedy=remedy,
            )
        )
    if life.image_check_frozen == 0:
        findings.append(
            Finding(
                location=life.locations.image_health_check,
                message=f"the image's HEALTHCHECK succeeds {blind}",
                expected="an exit code other than 0",
                got="exit code 0",
                remedy=remedy,
            )
        )
    return findings


def _owner(life: Life) -> str:
    return f"the {life.locations.health_check_owner}'s"


def _remedy(check: HealthCheck, *, has_shell: bool) -> str:
    if check.command[0].upper() == "CMD-SHELL" and not has_shell:
        return (
            "It needs a shell and the image has none: write it in exec form (CMD), with a program that the image holds."
        )
    return "Run its command in the container by hand, and mend what it complains about."
