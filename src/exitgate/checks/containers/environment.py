"""Settings of a process that let others look into it, load code into it, or switch its checks off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.dockerfile import Dockerfile
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.image import ImageFacts
from exitgate.observe.task_definition import TaskDefinition
from exitgate.policy import ContainerPolicy
from exitgate.target import Workload

_DANGEROUS: tuple[tuple[str, str, str], ...] = (
    ("NODE_OPTIONS", r"--inspect", "opens a debugger to whoever reaches its port"),
    (
        "NODE_OPTIONS",
        r"(?:--require|-r|--import|--(?:experimental[-_])?loader)[ =]",
        "loads code before the application's own",
    ),
    ("NODE_TLS_REJECT_UNAUTHORIZED", r"^0$", "switches the check of certificates off"),
    ("NODE_ENV", r"^(?:dev|development|test)$", "runs the application as its developers do"),
    ("LD_PRELOAD", r".", "loads a library into every process"),
    ("LD_AUDIT", r".", "loads a library into every process"),
    ("LD_LIBRARY_PATH", r".", "lets libraries of another folder take the place of the system's"),
    ("JAVA_TOOL_OPTIONS", r"jdwp|-javaagent", "opens a debugger or loads an agent"),
    ("PYTHONINSPECT", r".", "opens an interpreter when the program ends"),
    ("GIT_SSL_NO_VERIFY", r".", "switches the check of certificates off"),
    ("PATH", r"(?:^|:)(?:\.|:|$|/tmp)", "finds programs where anybody may put them"),
)
_NAMES = frozenset(name for name, _, _ in _DANGEROUS)
_LOADS = re.compile(r"^(?:loads |lets libraries)|or loads an agent$")
"""What the policy may allow by name and value; debuggers and checks that are switched off, it may not."""
_DEBUGGED = re.compile(r"^--(?:inspect|debug)(?:[-_]brk|[-_]wait)?(?:=|$)")


def unsafe_settings(
    contents: ImageContents,
    image: ImageFacts,
    task: TaskDefinition,
    dockerfile: Dockerfile,
    workload: Workload,
    policy: ContainerPolicy,
) -> list[Finding]:
    """Name each variable or argument of image and task definition that opens the process to others.

    Raises:
        PrerequisiteMissing: if nothing is found, and variables of that kind get values that nobody sees here.
    """
    stage = workload.stage
    in_image, in_task = dockerfile.locate("ENV", stage), task.locate("environment")
    findings = [
        Finding(
            location=location,
            message=f"{name} {why}",
            expected=f"no {name}={value}",
            got=f"{name}={value}",
            remedy="Leave it out of what is deployed; what the workload needs list in allow_environment with a reason.",
        )
        for location, variables in ((in_image, contents.environment), (in_task, dict(task.settings.environment)))
        for name, value, why in _dangerous(variables)
        if not _allowed(name, value, why, workload, policy)
    ]
    started = [
        (dockerfile.locate("ENTRYPOINT", stage), image.settings.entrypoint or ()),
        (dockerfile.locate("CMD", stage), image.settings.command or ()),
        (task.locate("entryPoint"), task.settings.entrypoint or ()),
        (task.locate("command"), task.settings.command or ()),
    ]
    findings += [
        Finding(
            location=location,
            message="the command opens a debugger to whoever reaches its port",
            expected="no --inspect",
            got=word,
            remedy="Leave it out of what is deployed; set it by hand where somebody debugs.",
        )
        for location, words in started
        for word in " ".join(words).split()
        if _DEBUGGED.match(word)
    ]
    if not findings:
        _refuse_what_is_not_seen(task)
    return findings


def _refuse_what_is_not_seen(task: TaskDefinition) -> None:
    secret = sorted(_NAMES & set(task.secret_variables))
    got = f"{secret[0]} from a secret" if secret else f"variables from {', '.join(task.environment_files)}"
    if secret or task.environment_files:
        raise PrerequisiteMissing(
            task.locate("secrets" if secret else "environmentFiles"),
            got=f"{got}, which nobody sees here: they may open a debugger or load code",
            expected="values that stand in the task definition",
            action="Write what is no secret into `environment`, and name secrets one by one in `secrets`.",
        )


def _allowed(name: str, value: str, why: str, workload: Workload, policy: ContainerPolicy) -> bool:
    # Where one option of several is a debugger, that is a finding of its own.
    return (
        bool(_LOADS.search(why))
        and "jdwp" not in value
        and any(each.workload == workload.name and each.allows(name, value) for each in policy.allow_environment)
    )


def _dangerous(variables: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, pattern, why in _DANGEROUS:
        value = variables.get(name)
        if value is not None and re.search(pattern, value):
            yield name, value, why
