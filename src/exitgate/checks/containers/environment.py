"""Settings of a process that let others look into it, load code into it, or switch its checks off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.image import ImageFacts
from exitgate.observe.task_definition import TaskDefinition

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
_DEBUGGED = re.compile(r"^--(?:inspect|debug)(?:[-_]brk|[-_]wait)?(?:=|$)")


def unsafe_settings(
    contents: ImageContents, image: ImageFacts, task: TaskDefinition, dockerfile: Dockerfile, stage: str | None
) -> list[Finding]:
    """Name each variable or argument of image and task definition that opens the process to others."""
    in_image, in_task = dockerfile.locate("ENV", stage), task.locate("environment")
    findings = [
        Finding(
            location=location,
            message=f"{name} {why}",
            expected=f"no {name}={value}",
            got=f"{name}={value}",
            remedy="Leave it out of what is deployed; set it by hand where somebody debugs.",
        )
        for location, variables in ((in_image, contents.environment), (in_task, dict(task.settings.environment)))
        for name, value, why in _dangerous(variables)
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
    return findings


def _dangerous(variables: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, pattern, why in _DANGEROUS:
        value = variables.get(name)
        if value is not None and re.search(pattern, value):
            yield name, value, why
