"""Where things stand in a Dockerfile: the stages' base images, and the deployed stage's own instructions with their lines."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")

_HERE_DOCUMENT = re.compile(r"""(?<!<)<<-?["']?([A-Za-z_]\w*)["']?""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction with its first line, 1-based."""

    line: int
    name: str
    """In capitals, e.g. ``USER``."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A parsed Dockerfile, reduced to what locations need."""

    path: str
    """Relative to the target."""
    defaults: dict[str, str]
    """Default values of the build arguments declared before the first FROM."""
    instructions: tuple[Instruction, ...]

    def base_images(self, build_args: dict[str, str]) -> tuple[tuple[int, str], ...]:
        """Return line and reference of every image that a FROM takes from outside, arguments resolved."""
        stages: set[str] = set()
        images: list[tuple[int, str]] = []
        for instruction in self.instructions:
            if instruction.name != "FROM":
                continue
            words = [word for word in instruction.value.split() if not word.startswith("--")]
            reference = self._resolve(words[0], build_args) if words else ""
            if reference and reference != "scratch" and reference.lower() not in stages:
                images.append((instruction.line, reference))
            if len(words) == 3 and words[1].upper() == "AS":  # noqa: PLR2004
                stages.add(words[2].lower())
        return tuple(images)

    def deployed(self, stage: str | None) -> tuple[Instruction, ...]:
        """Return the instructions of the deployed stage (the last one unless named), its FROM first."""
        starts = [index for index, each in enumerate(self.instructions) if each.name == "FROM"]
        if not starts:
            return ()
        chosen = starts[-1]
        for index in starts:
            words = self.instructions[index].value.split()
            if stage and words[-1].lower() == stage.lower() and "as" in (word.lower() for word in words):
                chosen = index
        end = next((index for index in starts if index > chosen), len(self.instructions))
        return self.instructions[chosen:end]

    def locate(self, name: str, stage: str | None = None) -> str:
        """Return ``path:line`` of the deployed stage's last such instruction; of its FROM where it has none."""
        own = self.deployed(stage)
        named = [each for each in own if each.name == name]
        line = named[-1].line if named else own[0].line if own else 1
        return f"{self.path}:{line}"

    def _resolve(self, text: str, build_args: dict[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[3]
            return build_args.get(name) or self.defaults.get(name) or match[2] or ""

        return _VARIABLE.sub(value, text)


def read_dockerfile(root: Path, path: str) -> Dockerfile:
    """Read a Dockerfile of the target.

    Raises:
        ObservationError: if it can't be read or holds no instruction.
    """
    import io

    from dockerfile_parse import DockerfileParser

    try:
        text = (root / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ObservationError(
            path, got=f"can't be read ({error})", expected="a Dockerfile in UTF-8", action="Mend or commit the file."
        ) from error
    parsed = DockerfileParser(fileobj=io.BytesIO(_without_here_documents(text).encode())).structure
    instructions = tuple(
        Instruction(line=entry["startline"] + 1, name=entry["instruction"].upper(), value=entry["value"])
        for entry in parsed
        if entry["instruction"] != "COMMENT"
    )
    if not any(instruction.name == "FROM" for instruction in instructions):
        raise ObservationError(path, got="no FROM", expected="a Dockerfile", action="Name the right file.")
    try:
        defaults = _defaults(instructions)
    except ValueError as error:
        raise ObservationError(
            path, got=f"an ARG with {error}", expected="quotes in pairs", action="Mend the instruction."
        ) from error
    return Dockerfile(path=path, defaults=defaults, instructions=instructions)


def _without_here_documents(text: str) -> str:
    """Blank the lines of here-documents, which the parser (2.0) takes for instructions."""
    lines: list[str] = []
    open_words: list[str] = []
    for line in text.split("\n"):
        if open_words:
            if line.strip() == open_words[0]:
                open_words.pop(0)
            lines.append("")
            continue
        open_words = [] if line.lstrip().startswith("#") else _HERE_DOCUMENT.findall(line)
        lines.append(line)
    return "\n".join(lines)


def _defaults(instructions: tuple[Instruction, ...]) -> dict[str, str]:
    defaults: dict[str, str] = {}
    for instruction in instructions:
        if instruction.name == "FROM":
            break
        if instruction.name == "ARG":
            for word in shlex.split(instruction.value):
                name, _, value = word.partition("=")
                defaults[name] = value
    return defaults
