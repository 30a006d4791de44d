"""A Dockerfile as it is written: its instructions with their lines, and where things stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.dockerfile.lines import Directives, Instruction, take_apart
from exitgate.dockerfile.stages import Stages, resolve
from exitgate.dockerfile.variables import global_scope
from exitgate.errors import ObservationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A parsed Dockerfile."""

    path: str
    """Relative to the target."""
    defaults: dict[str, str]
    """Default values of the build arguments declared before the first FROM; empty where they have none."""
    instructions: tuple[Instruction, ...]
    directives: Directives = field(default_factory=Directives)

    def stages(self, build_args: Mapping[str, str] | None = None) -> Stages:
        """Return its stages, as a build with these arguments would see them."""
        return resolve(self.path, self.instructions, build_args or {}, self.directives.escape)

    def base_images(self, build_args: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
        """Return line and reference of every image that a FROM takes from outside, arguments resolved.

        One that is empty, or that is `scratch`, is left out.
        """
        images = (stage.image for stage in self.stages(build_args).all)
        return tuple((image.line, image.text) for image in images if image and image.text and not image.is_scratch)

    def deployed(self, stage: str | None) -> tuple[Instruction, ...]:
        """Return the instructions of the deployed stage (the last one unless named), its FROM first."""
        found = self.stages()
        own = found.find(stage) if stage else None
        if own is None and found.all:
            own = found.all[-1]
        return own.instructions if own else ()

    def locate(self, name: str, stage: str | None = None) -> str:
        """Return ``path:line`` of the deployed stage's last such instruction; of its FROM where it has none."""
        own = self.deployed(stage)
        named = [each for each in own if each.name == name]
        line = named[-1].line if named else own[0].line if own else 1
        return f"{self.path}:{line}"


def read_dockerfile(root: Path, path: str) -> Dockerfile:
    """Read a Dockerfile of the target.

    Raises:
        ObservationError: if it can't be read, holds no stage, or can't be taken apart; with the line where there is one.
    """
    try:
        text = (root / path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ObservationError(
            path, got=f"can't be read ({error})", expected="a Dockerfile in UTF-8", action="Mend or commit the file."
        ) from error
    return parse_dockerfile(text, path)


def parse_dockerfile(text: str, path: str) -> Dockerfile:
    """Return the Dockerfile that a text is.

    Raises:
        ObservationError: as `read_dockerfile`.
    """
    directives, instructions = take_apart(text, path)
    if not any(instruction.name == "FROM" for instruction in instructions):
        raise ObservationError(path, got="no FROM", expected="a Dockerfile", action="Name the right file.")
    defaults = dict.fromkeys(_declared(instructions), "")
    scope = global_scope(path, instructions, {}, directives.escape)
    defaults |= {name: value for name, value in scope.values.items() if name in defaults}
    return Dockerfile(path=path, defaults=defaults, instructions=instructions, directives=directives)


def _declared(instructions: tuple[Instruction, ...]) -> Iterator[str]:
    for instruction in instructions:
        if instruction.name == "FROM":
            return
        if instruction.name == "ARG":
            yield from (word.partition("=")[0] for word in instruction.words)
