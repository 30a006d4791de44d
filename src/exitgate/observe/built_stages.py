"""The stages from which a deployed image takes files, each built alone and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exitgate.dockerfile import Dockerfile, Stage, effects_of
from exitgate.errors import ObservationError
from exitgate.observation import Observation
from exitgate.observe.contents import ImageContents
from exitgate.observe.image import ImageFacts
from exitgate.provision.images import Build
from exitgate.settings import ContainerSettings
from exitgate.target import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltStage:
    """A stage beside the deployed one."""

    label: str
    line: int
    """Of its FROM."""
    contents: ImageContents


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltStages(Observation):
    """All stages from which the deployed one copies."""

    workload: str
    stages: tuple[BuiltStage, ...]
    command: tuple[str, ...]
    """What production starts, entry point and arguments."""
    working_directory: str
    """Where it is started."""


def read_built_stages(
    workload: Workload,
    dockerfile: Dockerfile,
    image: ImageFacts,
    settings: ContainerSettings,
    build: Callable[[str], Build],
    read: Callable[[Build], ImageContents],
) -> BuiltStages:
    """Build and read each stage that the deployed one copies from.

    Args:
        image: The deployed image.
        settings: Those of the task definition, which stand above the image's own.
        build: Builds a stage, by its name or number.
        read: Reads what it built.

    Raises:
        ObservationError: if a stage does not build, though the whole image did.
    """
    built: list[BuiltStage] = []
    for source in sources_of(dockerfile, workload.build_args, workload.stage):
        made = build(source.name or str(source.index))
        if made.failure:
            raise ObservationError(
                f"{dockerfile.path}:{source.line}",
                got=f"{source.label} does not build alone: {made.failure}",
                expected="a stage that builds, as it did for the whole image",
                action="Build it by hand with --target.",
            )
        built.append(BuiltStage(label=source.label, line=source.line, contents=read(made)))
    own = image.settings
    arguments = settings.command or (() if settings.entrypoint else own.command) or ()
    return BuiltStages(
        substrate=image.substrate,
        workload=workload.name,
        stages=tuple(built),
        command=(*(settings.entrypoint or own.entrypoint or ()), *arguments),
        working_directory=settings.working_directory or image.working_directory,
    )


def sources_of(dockerfile: Dockerfile, build_args: dict[str, str], stage: str | None) -> tuple[Stage, ...]:
    """Return the stages that the deployed one copies from, in the Dockerfile's order; those that it is FROM are not among them."""
    stages = dockerfile.stages(build_args)
    chain = stages.deployed_chain(stage)
    taken = {copy.source.stage for copy in effects_of(stages, chain).copies} - {each.index for each in chain}
    return tuple(each for each in stages.all if each.index in taken)
