"""A workflow in which commands are replaced: one by one that fails, all others by one that succeeds.

What is left is the wiring: conditions, shells, lists and pipelines around the commands, needs and aggregates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Step, Workflow
from exitgate.observe.verification import VerifyingCommand

FAILS, SUCCEEDS = "test 1 = 2", "test 1 = 1"
"""Programs of every system, without a quote that YAML or JSON would have to escape."""
_OF_WORDS = frozenset("_-./$")
_STILL = re.compile(r"(?:test|\[|\[\[|echo|exit|set|true|:)(?: +[^`|&;<]*)?")
"""A line that is a command of the shell's own, to its end."""
_REACHES_OUT = re.compile(r"\$\(|>\(|/dev/(?:tcp|udp)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A workflow's text in which one command fails."""

    place: str
    """Of the command, ``path:line``; empty where none fails: the control."""
    command: str
    text: str


def variants(path: str, text: str, commands: Sequence[VerifyingCommand]) -> Iterator[Variant]:
    """Yield a workflow once with every command succeeding, and once with each command failing.

    Args:
        commands: What the target verifies; those of other files are left as they are.

    Raises:
        PrerequisiteMissing: if a command does not stand as it is written in its line, or the workflow has none.
    """
    own = sorted((each for each in commands if each.place.rpartition(":")[0] == path), key=_line)
    if not own:
        raise PrerequisiteMissing(
            path,
            got="no command of its own that verifies",
            expected="steps whose commands can be made to fail",
            action="Run verification from steps of the workflow.",
        )
    spans = _spans(path, text, own)
    for failing in (None, *range(len(own))):
        made, last = list[str](), 0
        for number, (start, end) in enumerate(spans):
            made += [text[last:start], FAILS if number == failing else SUCCEEDS]
            last = end
        chosen = None if failing is None else own[failing]
        yield Variant(
            place=chosen.place if chosen else "",
            command=chosen.command.text if chosen else "",
            text="".join((*made, text[last:])),
        )


def only(path: str, text: str, replaced: Sequence[VerifyingCommand]) -> str:
    """Return a workflow's text with some commands succeeding, whatever they would say, and the others as they are.

    Raises:
        PrerequisiteMissing: if one does not stand as it is written in its line.
    """
    own = sorted((each for each in replaced if each.place.rpartition(":")[0] == path), key=_line)
    made, last = list[str](), 0
    for start, end in _spans(path, text, own):
        made += [text[last:start], SUCCEEDS]
        last = end
    return "".join((*made, text[last:]))


def in_every_step(workflow: Workflow, commands: Sequence[VerifyingCommand]) -> tuple[VerifyingCommand, ...]:
    """Return the commands of a workflow once for each line of a step in which they stand; one that jobs share is told once only."""
    own = [each for each in commands if each.place.rpartition(":")[0] == workflow.path]
    found: dict[tuple[str, str], VerifyingCommand] = {}
    for job in workflow.jobs.values():
        for step in job.steps:
            if step.run is None:
                continue
            for number, line in enumerate(step.run.text.splitlines(), step.run.first_line):
                for each in own:
                    if _find(line, each.command.text, 0, len(line)) >= 0:
                        place = f"{workflow.path}:{number}"
                        found.setdefault((place, each.command.text), replace(each, place=place))
    return tuple(found.values())


def stand_still(steps: Iterable[Step]) -> bool:
    """Say whether steps in which commands were replaced run no program any more, but what actions run.

    Only a script whose every line is a replaced command, or one that the shell itself answers, is sure to.
    """
    lines = [line.strip() for step in steps if step.run is not None for line in step.run.text.splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    return all(_STILL.fullmatch(line) and not _REACHES_OUT.search(line) for line in wanted)


def step_at(workflow: Workflow, place: str) -> str:
    """Return the place of the step in whose script a line stands; empty where it stands in none."""
    line = int(place.rpartition(":")[2])
    steps = [step for job in workflow.jobs.values() for step in job.steps if step.run and step.run.first_line <= line]
    return max(steps, key=lambda step: step.run.first_line if step.run else 0).place if steps else ""


def _spans(path: str, text: str, own: list[VerifyingCommand]) -> list[tuple[int, int]]:
    """Return where each command stands, in the order in which they are given."""
    starts = [0]
    for each_line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(each_line))
    spans: list[tuple[int, int]] = []
    for each in own:
        line = _line(each)
        begin = max(starts[min(line, len(starts)) - 1], spans[-1][1] if spans else 0)
        end = starts[min(line, len(starts) - 1)]
        found = _find(text, each.command.text, begin, end)
        if found < 0:
            raise PrerequisiteMissing(
                f"{path}:{line}",
                got=f"the command `{each.command.text}`, which does not stand so in its line",
                expected="commands that can be made to fail one by one",
                action="Write the script as a block (run: |), each command on a line of its own.",
            )
        spans.append((found, found + len(each.command.text)))
    return spans


def _line(command: VerifyingCommand) -> int:
    return int(command.place.rpartition(":")[2])


def _find(text: str, command: str, begin: int, end: int) -> int:
    found = text.find(command, begin)
    while 0 <= found < end:
        before, after = text[found - 1 : found], text[found + len(command) : found + len(command) + 1]
        if not any(each.isalnum() or each in _OF_WORDS for each in (before, after) if each):
            return found
        found = text.find(command, found + 1)
    return -1
