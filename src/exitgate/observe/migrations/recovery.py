"""The documented recovery from a failed migration, followed step by step."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from exitgate.errors import one_line
from exitgate.observe.migrations.stage import Stage, untold
from exitgate.observe.migrations.state import (
    execute_script,
)
from exitgate.observe.migrations.statements import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the documented recovery that was followed."""

    command: str
    failure: str
    """Empty where it worked."""


def recover(stage: Stage, image: str, database: str, migration: str) -> tuple[Step, ...]:
    """Follow the documented recovery step by step, until one fails.

    ``psql -c`` is run as the service's role; the tool's own name stands for what runs it inside of the image.
    """
    steps = []
    for text in stage.policy.recovery:
        command = text.format(migration=migration, service=stage.replicas.service.name)
        failure = _follow(stage, image, database, shlex.split(command))
        steps.append(Step(command=command, failure=failure))
        if failure:
            break
    return tuple(steps)


def _follow(stage: Stage, image: str, database: str, words: list[str]) -> str:
    import psycopg

    if words[0] == "psql":
        scripts = [words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-c", "--command")]
        try:
            with stage.databases.connect(database) as connection:
                execute_script(connection, [part.text for each in scripts for part in statements(each)])
        except psycopg.Error as error:
            return one_line(str(error), 200)
        return "" if scripts else "no -c whose SQL could be run"
    if words[0] in ("npx", "pnpm", "yarn") and len(words) > 1:
        words = words[1:]
    inside = tuple(words)
    if words[0] == "prisma":
        if stage.settings.cli is None:
            raise untold("cli", "what runs the tool inside of the image")
        inside = (*stage.settings.cli, *words[1:])
    code, out, err = stage.replicas.execute(image, stage.databases.url(database), inside)
    lines = [line for line in (err + out).splitlines() if line.strip()]
    return "" if code == 0 else one_line(f"exit code {code}: {lines[-1] if lines else 'nothing said'}", 200)
