"""The commands of one step's script, as a parser of its shell sees them: no comment, no quoted text, no word of another command."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Job, Step
from exitgate.observe.shell import read_script
from exitgate.observe.verification.shells import foreign_fates, shell_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCommand:
    """A command that a step's script runs itself."""

    place: str
    """``path:line``."""
    words: tuple[str, ...]
    """Without what wraps it; a word that is not constant stands as it is written."""
    written: str
    """Its line as it stands in the file, expressions included."""


def step_commands(job: Job, step: Step) -> tuple[StepCommand, ...]:
    """Return the commands of a step; none of one that uses an action.

    Raises:
        PrerequisiteMissing: if its script can't be parsed.
    """
    if step.run is None:
        return ()
    first, path = step.run.first_line, step.run.path
    kind = shell_of(step.shell, job.runs_on.text if job.runs_on else "")
    if kind.options is None:
        found = tuple(foreign_fates(step.run.text, first, kind))
    else:
        fates = read_script(step.run.text, first, kind.options)
        if fates.unreadable_line:
            raise PrerequisiteMissing(
                f"{path}:{fates.unreadable_line}",
                got="a shell script that can't be parsed",
                expected="one whose commands can be told",
                action="Write that line in a plainer way, or report it to exitgate.",
            )
        found = fates.commands
    lines = step.run.text.splitlines()
    return tuple(
        StepCommand(place=f"{path}:{each.line}", words=each.words, written=_line(lines, each.line - first))
        for each in found
        if each.words
    )


def _line(lines: list[str], index: int) -> str:
    """Return a line, with those that continue it."""
    whole: list[str] = []
    for line in lines[max(index, 0) :]:
        whole.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            break
    return " ".join(whole)
