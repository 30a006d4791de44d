"""What the instructions of a chain of stages leave behind: files copied to where, and the program that is started."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from exitgate.dockerfile.lines import Instruction
from exitgate.dockerfile.stages import Source, Stage, Stages
from exitgate.dockerfile.variables import Variables

UNKNOWN_FOLDER = "/<the base image's working folder>"
"""Stands for a folder that the Dockerfile does not tell: paths relative to it can be compared with one another alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A COPY or an ADD."""

    line: int
    stage: int
    """The index of the stage that it stands in."""
    source: Source
    sources: tuple[str, ...]
    """What is copied, variables put in. Of the source's root; a here-document stands as ``<<NAME``."""
    destination: str
    """Absolute and normal; empty where it has a variable that can't be told."""
    into_folder: bool
    """Whether the destination is certain to be a folder, because it ends in a slash or more than one thing is copied."""
    unresolved: str = ""
    """Why the destination is not certain; empty where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An ENTRYPOINT or a CMD."""

    line: int
    words: tuple[str, ...]
    """Of the exec form; of the shell form, its one text."""
    in_shell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an image starts, as far as its Dockerfile says."""

    entrypoint: Command | None = None
    """Nothing where the base image's own applies."""
    command: Command | None = None
    """Nothing where the base image's own applies, or where an ENTRYPOINT has taken it away."""
    working_directory: str = UNKNOWN_FOLDER
    """Absolute; in angle brackets where it is the base image's own, or can't be told."""
    search_path: tuple[str, ...] = ()
    """Folders of the Dockerfile's own PATH; empty where it sets none that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a chain leaves."""

    copies: tuple[Copy, ...]
    """In the order in which they are made."""
    program: Program
    mounts_stages: bool
    """Whether a RUN of it mounts another stage, of which it may copy anything to anywhere."""


@dataclass(slots=True, kw_only=True)
class _State:
    variables: Variables
    working_directory: str
    program: Program = field(default_factory=Program)


def effects_of(stages: Stages, chain: tuple[Stage, ...]) -> Effects:
    """Return what the stages of a chain do, one after the other."""
    is_empty = stages.origin(chain[-1]).is_scratch
    state = _State(
        variables=Variables(
            outer=stages.outer,
            build_args=stages.build_args,
            escape=stages.escape,
            open_because="" if is_empty else "may be a variable of the base image",
        ),
        working_directory="/" if is_empty else UNKNOWN_FOLDER,
    )
    copies: list[Copy] = []
    mounts_stages = False
    for stage in chain:
        has_command = False
        for instruction in stage.instructions:
            has_command = has_command or instruction.name == "CMD"
            state.variables.take(instruction)
            if instruction.name in {"ADD", "COPY"}:
                copies += _copies(instruction, stage, stages, state)
            elif instruction.name == "WORKDIR":
                _change_folder(instruction, state)
            elif instruction.name in {"CMD", "ENTRYPOINT"}:
                state.program = _started(instruction, state.program, keeps_command=has_command)
            elif any(source.stage is not None for source in stages.mounts_of(instruction, stage)):
                mounts_stages = True
    path = state.variables.environment.get("PATH", "")
    search_path = tuple(each for each in path.split(":") if each.startswith("/"))
    program = replace(state.program, working_directory=state.working_directory, search_path=search_path)
    return Effects(copies=tuple(copies), program=program, mounts_stages=mounts_stages)


def absolute(path: str, folder: str) -> str:
    """Return a path joined to a folder, absolute and normal."""
    if not path.startswith("/"):
        path = f"{folder}/{path}"
    # POSIX lets two slashes at the front mean something else, and normpath keeps them.
    return "/" + posixpath.normpath(path).lstrip("/")


def _change_folder(instruction: Instruction, state: _State) -> None:
    found = state.variables.expand(instruction.rest)
    state.working_directory = f"/<{instruction.rest}>" if found.gaps else absolute(found.text, state.working_directory)


def _copies(instruction: Instruction, stage: Stage, stages: Stages, state: _State) -> Iterator[Copy]:
    expanded = [state.variables.expand(word) for word in instruction.words]
    if len(expanded) < 2:  # noqa: PLR2004
        return
    *sources, destination = expanded
    text = destination.text
    gaps = "; ".join(destination.gaps)
    where = "" if gaps else absolute(text, state.working_directory)
    yield Copy(
        line=instruction.line,
        stage=stage.index,
        source=stages.source_of(instruction, stage) or Source(),
        sources=tuple(source.text for source in sources),
        destination=where,
        into_folder=len(sources) > 1 or text.endswith(("/", "/.", "/..")) or text in {".", ".."},
        unresolved=gaps,
    )


def _started(instruction: Instruction, before: Program, *, keeps_command: bool) -> Program:
    words = instruction.exec_form
    # An empty array starts nothing: it takes away what the base image has.
    own = Command(
        line=instruction.line,
        words=words if words is not None else (instruction.rest,),
        in_shell=words is None,
    )
    if instruction.name == "CMD":
        return replace(before, command=own)
    return replace(before, entrypoint=own, command=before.command if keeps_command else None)
