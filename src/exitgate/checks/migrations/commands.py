"""Which commands touch schemas, and whether they are those that the policy names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.commands import Commands, CommandText
from exitgate.observe.migrations.tool import MigrationTool
from exitgate.policy import MigrationPolicy

_DEPLOY = r"\bmigrate\s+deploy\b"
_LOCAL = ("127.0.0.1", "localhost", "::1")


def unsafe_commands(commands: Commands, tools: tuple[MigrationTool, ...]) -> list[Finding]:
    """Name each command that changes or drops a schema without a migration, wherever it is run outside of tests."""
    findings = []
    for text in commands.texts:
        for pattern, what in dict.fromkeys(pair for tool in tools for pair in tool.unsafe_commands):
            found = re.search(pattern, text.words)
            if found is None:
                continue
            findings.append(
                Finding(
                    location=f"{text.path}:{_line(text, found.group())}",
                    message=f"a {text.kind} runs `{found.group()}`, which {what}",
                    expected="prisma migrate deploy alone, outside of tests",
                    got=f"`{found.group()}`{f', run by {text.via}' if text.via else ''}",
                    remedy="Run `prisma migrate deploy` in its place, and put the change into a migration.",
                )
            )
    return findings


def _line(text: CommandText, words: str) -> int:
    """Return the line in which the words stand, as far as one line holds their last."""
    last = words.rsplit(maxsplit=1)[-1]
    for number, line in enumerate(text.text.splitlines()):
        if last in line and not line.lstrip().startswith(("#", "//", "*")):
            return text.line + number
    return text.line


def deploys(commands: Commands, words: tuple[str, ...] = ()) -> Iterator[CommandText]:
    """Yield the texts that apply migrations: by Prisma's command, or the one that the target names."""
    pattern = "|".join((_DEPLOY, *([re.escape(" ".join(words))] if words else ())))
    return (text for text in commands.texts if re.search(pattern, text.words))


def is_on_throwaway(text: CommandText) -> bool:
    """Say whether a workflow's command works on a server that its own job starts, and so deploys nowhere."""
    step = text.step
    if step is None or not step.servers:
        return False
    addresses = [value for value in step.environment.values() if "://" in value]
    return bool(addresses) and all(
        any(host in value for host in (*_LOCAL, *(f"@{name}" for name in step.servers))) for value in addresses
    )


def other_ways(
    commands: Commands, policy: MigrationPolicy, location: str, tools: tuple[MigrationTool, ...]
) -> list[Finding]:
    """Say where migrations reach databases by another way than the policy's, or not by that one.

    Raises:
        PrerequisiteMissing: if nothing is found by the policy's way, and commands of a tool alone that nobody knows could be it.
    """
    uses = list(deploys(commands))
    in_workflows = [use for use in uses if use.step is not None and not is_on_throwaway(use)]
    at_start = [use for use in uses if use.step is None and use.kind in ("image", "package script", "script", "code")]
    one_off = [use for use in uses if use.kind == "task definition"]
    ways = {"startup": at_start, "ci_job": in_workflows, "one_off_task": one_off}
    findings = [
        Finding(
            location=f"{use.path}:{_line(use, 'migrate deploy')}",
            message=f"migrations are deployed here too, though the policy's one way is {policy.way}",
            expected=f"migrations by {policy.way} alone",
            got=f"{way}: {use.name or use.path}",
            remedy="Take it out, or name it as the way.",
        )
        for way, found in ways.items()
        if way != policy.way
        # A one-off task is a container's command, which a workflow may start.
        and not (policy.way == "one_off_task" and way == "startup")
        for use in found
    ]
    unknown = [tool.name for tool in tools if not tool.unsafe_commands]
    if not ways[policy.way] and not findings and unknown:
        raise PrerequisiteMissing(
            location,
            got=f"no `migrate deploy` by the policy's way, {policy.way}",
            expected=f"commands by which it can be told where {unknown[0]} is run",
            action="Nothing to do: what it does when replicas start is seen all the same.",
        )
    if not ways[policy.way]:
        findings.append(
            Finding(
                location=location,
                message=f"nothing deploys migrations by the policy's way, {policy.way}",
                expected="a command that applies pending migrations there",
                got="none in its files",
                remedy="Run `prisma migrate deploy` there, or correct the way.",
            )
        )
    return findings
