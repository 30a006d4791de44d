"""All commands that a workflow's step leads to: its own, and those of the committed shell scripts that these run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Job, Step
from exitgate.observe.shell import CommandFate, Fate, Loss, ScriptFates, ShellOptions, read_script
from exitgate.observe.verification.purpose import purpose_of
from exitgate.observe.verification.shells import foreign_fates, shell_of, shell_of_file
from exitgate.observe.verification.sources import NamedScript, Repository

_NPM = ShellOptions(errexit=False, pipefail=False, posix=True)
_DEEPEST = 5
_WORKSPACE = ("./", "$GITHUB_WORKSPACE/", "${GITHUB_WORKSPACE}/", "${{ github.workspace }}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetCommand:
    """A command that a step leads to."""

    place: str
    """``path:line``."""
    command: CommandFate
    fate: Fate
    """What becomes of its failure, up to the step: a script on the way may swallow it too."""
    loss: Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Follows the steps of one target."""

    repository: Repository
    named: Mapping[str, tuple[NamedScript, ...]]
    """Scripts of package.json, by name."""

    def commands(self, job: Job, step: Step) -> Iterator[MetCommand]:
        """Yield the commands that a step leads to, in the order of its script, each before those that it leads to.

        Raises:
            PrerequisiteMissing: if a script can't be parsed.
        """
        if step.run is None:
            return
        kind = shell_of(step.shell, job.runs_on.text if job.runs_on else "")
        path, first = step.run.path, step.run.first_line
        if kind.options is None:
            fates = ScriptFates(commands=tuple(foreign_fates(step.run.text, first, kind)))
        else:
            fates = read_script(step.run.text, first, kind.options)
        yield from self._met(fates, path, (), 0)

    def _met(self, fates: ScriptFates, path: str, above: tuple[CommandFate, ...], depth: int) -> Iterator[MetCommand]:
        if fates.unreadable_line:
            raise PrerequisiteMissing(
                f"{path}:{fates.unreadable_line}",
                got="a shell script that can't be parsed",
                expected="one of which it can be told what it runs",
                action="Write that line in a plainer way, or report it to exitgate.",
            )
        for command in fates.commands:
            if not command.words:
                continue
            way = (*above, command)
            worst = next((each for each in way if each.fate is not Fate.REACHES), command)
            yield MetCommand(place=f"{path}:{command.line}", command=command, fate=worst.fate, loss=worst.loss)
            if depth < _DEEPEST:
                yield from self._behind(command, way, depth + 1)

    def _behind(self, command: CommandFate, way: tuple[CommandFate, ...], depth: int) -> Iterator[MetCommand]:
        for name in purpose_of(command.words).scripts:
            for each in (f"pre{name}", name, f"post{name}"):
                for script in self.named.get(each, ()):
                    yield from self._met(read_script(script.text, script.line, _NPM), script.path, way, depth)
        for path in self._files(command.words):
            text = self.repository.text(path) or ""
            options = shell_of_file(text, path)
            if options is not None:
                yield from self._met(read_script(text, 1, options), path, way, depth)

    def _files(self, words: tuple[str, ...]) -> Iterator[str]:
        """Yield the committed files that a command names: one that it runs, or hands to a shell."""
        for word in words:
            path = word
            for prefix in _WORKSPACE:
                path = path.removeprefix(prefix)
            if path in self.repository.files:
                yield path


def follower_of(repository: Repository) -> Follower:
    """Return what follows the steps of a target."""
    named: dict[str, tuple[NamedScript, ...]] = {}
    for script in repository.scripts():
        named[script.name] = (*named.get(script.name, ()), script)
    return Follower(repository=repository, named=named)
