"""The stages of a Dockerfile: what each starts from, and what of others reaches the one that is deployed.

Source: https://docs.docker.com/build/building/multi-stage/, and BuildKit's frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from exitgate.dockerfile.lines import Instruction
from exitgate.dockerfile.reference import SCRATCH, Reference, parse_reference
from exitgate.dockerfile.variables import global_scope
from exitgate.dockerfile.words import Expanded, MalformedWordError, Scope, expand
from exitgate.errors import ObservationError

_CHANGES_FILES = ("ADD", "COPY", "RUN")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUse:
    """An image from outside of the Dockerfile, where an instruction takes it."""

    line: int
    how: Literal["FROM", "COPY --from", "RUN --mount"]
    written: str
    """As it stands in the Dockerfile."""
    text: str
    """With variables put in; one that nothing gives a value is empty, as builders have it."""
    unresolved: str = ""
    """Why it is not certain which image it is; empty where it is."""
    builder_decides: bool = False
    """Whether the reason is a variable that each builder sets for itself."""

    @property
    def is_scratch(self) -> bool:
        """Whether it is no image at all, but an empty one."""
        return self.text == SCRATCH

    @property
    def reference(self) -> Reference | None:
        """Its parts; nothing where the text is no reference."""
        return parse_reference(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands between one FROM and the next."""

    index: int
    name: str
    """In small letters, as builders compare it; empty where it has none."""
    line: int
    platform: str
    """As it is written, e.g. ``$BUILDPLATFORM``; empty where it is the target's."""
    image: ImageUse | None
    """The image from outside that it starts from; nothing where it starts from a stage."""
    parent: int | None
    """The index of the earlier stage that it starts from."""
    instructions: tuple[Instruction, ...]
    """Its FROM first."""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"stage {self.name}" if self.name else f"stage {self.index}"

    @property
    def changes_files(self) -> bool:
        """Whether it does anything but take over the files of what it starts from."""
        return any(each.name in _CHANGES_FILES for each in self.instructions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an instruction takes files from: a stage, an image, or the build context where it is neither."""

    stage: int | None = None
    image: ImageUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """All stages, with their references resolved."""

    path: str
    all: tuple[Stage, ...]
    outer: Scope
    build_args: Mapping[str, str]
    escape: str = "\\"

    def find(self, name: str) -> Stage | None:
        """Return a stage by its name, the last of that name, or by its number."""
        named = [stage for stage in self.all if stage.name and stage.name == name.lower()]
        if named:
            return named[-1]
        if name.isascii() and name.isdigit() and int(name) < len(self.all):
            return self.all[int(name)]
        return None

    def deployed(self, name: str | None) -> Stage:
        """Return the stage that is deployed: the last one unless one is named.

        Raises:
            ObservationError: if there is none of that name.
        """
        if not name:
            return self.all[-1]
        found = self.find(name)
        if found is None:
            raise ObservationError(
                self.path,
                got=f"no stage {name}",
                expected="the stage that exitgate.toml says is deployed",
                action="Name a stage of the Dockerfile, or leave `stage` out for the last one.",
            )
        return found

    def chain(self, stage: Stage) -> tuple[Stage, ...]:
        """Return a stage and those that it is made of by FROM, itself last."""
        chain = [stage]
        while (parent := chain[0].parent) is not None:
            chain.insert(0, self.all[parent])
        return tuple(chain)

    def deployed_chain(self, name: str | None) -> tuple[Stage, ...]:
        """Return the stages that the deployed image is made of by FROM, the deployed one last.

        Raises:
            ObservationError: if there is no stage of that name.
        """
        return self.chain(self.deployed(name))

    def origin(self, stage: Stage) -> ImageUse:
        """Return the image from outside that a stage starts from in the end."""
        image = self.chain(stage)[0].image
        if image is None:
            raise AssertionError("the first stage of a chain starts from an image")
        return image

    def source_of(self, instruction: Instruction, of: Stage) -> Source | None:
        """Return what a COPY --from names; nothing where a COPY or ADD takes from the build context."""
        names = [value for flag, value in instruction.flags if flag == "from"] if instruction.name == "COPY" else []
        return self._source(names[-1], instruction.line, "COPY --from", of) if names else None

    def mounts_of(self, instruction: Instruction, of: Stage) -> Iterator[Source]:
        """Yield what the mounts of a RUN take from stages and images."""
        if instruction.name != "RUN":
            return
        for flag, value in instruction.flags:
            fields = dict(part.partition("=")[::2] for part in value.split(",")) if flag == "mount" else {}
            lowered = {key.strip().lower(): text.strip().strip('"') for key, text in fields.items()}
            if lowered.get("from") and lowered.get("type", "bind") in {"bind", "cache"}:
                yield self._source(lowered["from"], instruction.line, "RUN --mount", of)

    def images_into(self, chain: tuple[Stage, ...]) -> tuple[ImageUse, ...]:
        """Return the images from outside that reach a chain by COPY --from or a mount.

        A stage that changes nothing of its image is that image by another name. What ONBUILD triggers counts as done: it is,
        where another stage or Dockerfile starts from here.
        """
        return tuple(self._images_into(chain))

    def _images_into(self, chain: tuple[Stage, ...]) -> Iterator[ImageUse]:
        for stage in chain:
            for instruction in stage.instructions:
                own = instruction.triggered or instruction
                copied = self.source_of(own, stage)
                for source in (*([copied] if copied else []), *self.mounts_of(own, stage)):
                    image = source.image
                    if source.stage is not None:
                        made = self.chain(self.all[source.stage])
                        if made[-1] in chain or any(each.changes_files for each in made):
                            continue
                        image = self.origin(made[-1])
                        image = ImageUse(
                            line=own.line,
                            how="COPY --from" if own.name == "COPY" else "RUN --mount",
                            written=image.written,
                            text=image.text,
                            unresolved=image.unresolved,
                            builder_decides=image.builder_decides,
                        )
                    if image:
                        yield image

    def _source(self, name: str, line: int, how: Literal["COPY --from", "RUN --mount"], of: Stage) -> Source:
        if "$" in name:
            reason = f"{how} takes no variables"
            return Source(image=ImageUse(line=line, how=how, written=name, text=name, unresolved=reason))
        found = self.find(name)
        if found is None and name.isascii() and name.isdigit():
            reason = f"there is no stage {name}"
            return Source(image=ImageUse(line=line, how=how, written=name, text=name, unresolved=reason))
        if found is not None and found.index != of.index:
            return Source(stage=found.index)
        if found is not None:
            reason = "a stage can't take from itself"
            return Source(image=ImageUse(line=line, how=how, written=name, text=name, unresolved=reason))
        return Source(image=ImageUse(line=line, how=how, written=name, text=name))


def resolve(
    path: str, instructions: tuple[Instruction, ...], build_args: Mapping[str, str], escape: str = "\\"
) -> Stages:
    """Return the stages of a Dockerfile's instructions, as a build with these arguments sees them."""
    scope = global_scope(path, instructions, build_args, escape)
    starts = [index for index, each in enumerate(instructions) if each.name == "FROM"]
    stages: list[Stage] = []
    by_name: dict[str, int] = {}
    for index, (start, end) in enumerate(pairwise([*starts, len(instructions)])):
        stage = _stage(index, instructions[start:end], scope, escape, by_name)
        stages.append(stage)
        if stage.name:
            by_name[stage.name] = index
    return Stages(path=path, all=tuple(stages), outer=scope, build_args=build_args, escape=escape)


def _stage(index: int, own: tuple[Instruction, ...], scope: Scope, escape: str, by_name: Mapping[str, int]) -> Stage:
    start = own[0]
    words = start.words
    is_named = len(words) == 3 and words[1].upper() == "AS"  # noqa: PLR2004
    written = words[0] if words else ""
    parent = None
    try:
        expanded = expand(written, scope, escape)
    except MalformedWordError as error:
        expanded = Expanded(text=written, gaps=(f"it has {error}",))
    unresolved = "; ".join(expanded.gaps)
    if len(words) != 1 and not is_named:
        unresolved = "FROM takes an image, or an image AS a name"
    elif not unresolved:
        parent = by_name.get(expanded.text.lower())
        unresolved = "" if expanded.text else "it is empty"
    image = ImageUse(
        line=start.line,
        how="FROM",
        written=written,
        text=expanded.text,
        unresolved=unresolved,
        builder_decides=any("set by the builder" in gap for gap in expanded.gaps),
    )
    return Stage(
        index=index,
        name=words[2].lower() if is_named else "",
        line=start.line,
        platform=next((value for flag, value in start.flags if flag == "platform"), ""),
        image=image if parent is None else None,
        parent=parent,
        instructions=own,
    )
