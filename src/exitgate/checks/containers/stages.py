"""Whether a Dockerfile builds in one stage and deploys another: the program that is started comes from the one that built it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from exitgate.dockerfile import Copy, Dockerfile, Effects, Invocation, Stage, Stages, effects_of, invoked, started_words
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.task_definition import TaskDefinition

_EXPECTED = "a stage that builds, and a deployed stage to which the program is copied from it"
_REMEDY = (
    "Build in a stage of its own, start the deployed stage from a fresh base image, and copy what it runs: COPY --from."
)
_SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SERVERS = {"apache2-foreground", "caddy", "haproxy", "httpd", "lighttpd", "nginx", "nginx-unprivileged"}
"""Programs of base images, and those images' names, that run nothing of the workload's but serve the files they are given."""
_FILE = re.compile(r"\.[A-Za-z]\w{0,5}$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """All that the rule looks at."""

    path: str
    stages: Stages
    chain: tuple[Stage, ...]
    effects: Effects
    started_at: str
    """Where it stands what is started."""

    @property
    def deployed(self) -> Stage:
        return self.chain[-1]

    def builds(self, index: int | None) -> bool:
        """Say whether a stage stands apart from the deployed one and makes something."""
        if index is None or self.stages.all[index] in self.chain:
            return False
        return any(stage.changes_files for stage in self.stages.chain(self.stages.all[index]))

    def finding(self, line: int, message: str, got: str) -> Finding:
        return Finding(location=f"{self.path}:{line}", message=message, expected=_EXPECTED, got=got, remedy=_REMEDY)

    def ships(self, what: str) -> Finding:
        """Say that the deployed stage goes on where another one built."""
        parent = self.chain[-2]
        return self.finding(
            self.deployed.line,
            f"the deployed stage starts from {parent.label}, and so ships all that built it",
            f"FROM {parent.name}, {what}",
        )

    def open(self, got: str) -> PrerequisiteMissing:
        return PrerequisiteMissing(
            self.started_at,
            got=got,
            expected="a program that can be followed to the stage it is copied from",
            action="Name the program by its path, in exec form, and copy it there with COPY --from.",
        )


def undivided_builds(
    dockerfile: Dockerfile, task: TaskDefinition, build_args: Mapping[str, str], stage: str | None = None
) -> list[Finding]:
    """Say where the deployed stage does not take the program that it runs from a stage that built it.

    A single stage, stages from which nothing is taken, a deployed stage that starts from the one that builds, and a program
    that comes from the build context, a ready-made image or nowhere are findings. A server that the base image brings, like
    nginx, runs what it is given: there it is enough that something is copied from a stage that makes it.

    Raises:
        PrerequisiteMissing: if the Dockerfile and the task definition do not tell which program is run, or from where it is.
        ObservationError: if the Dockerfile has no such stage.
    """
    stages = dockerfile.stages(build_args)
    chain = stages.deployed_chain(stage)
    effects = effects_of(stages, chain)
    settings = task.settings
    started_at = dockerfile.locate("CMD" if effects.program.entrypoint is None else "ENTRYPOINT", stage)
    if settings.entrypoint or settings.command:
        started_at = task.locate("entryPoint" if settings.entrypoint else "command")
    look = _Look(path=dockerfile.path, stages=stages, chain=chain, effects=effects, started_at=started_at)
    taken = any(look.builds(copy.source.stage) for copy in effects.copies)
    if not taken and not effects.mounts_stages:
        return [_nothing_taken(look)]
    words = started_words(effects.program, settings.entrypoint, settings.command)
    if not words:
        image = stages.origin(chain[-1]).reference
        if taken and image and image.repository.rpartition("/")[2] in _SERVERS:
            return []
        raise look.open("neither ENTRYPOINT nor CMD: the base image decides what is run")
    folder = settings.working_directory or effects.program.working_directory
    return _from_elsewhere(look, invoked(words, folder), taken=taken)


def _nothing_taken(look: _Look) -> Finding:
    others = [stage for stage in look.stages.all if stage not in look.chain]
    if len(look.chain) > 1 and (not others or any(stage.changes_files for stage in look.chain[:-1])):
        return look.ships("and no COPY --from of a stage that makes something")
    if not others:
        return look.finding(
            look.deployed.line, "the Dockerfile has a single stage, which ships all that built it", "one stage"
        )
    images = [copy for copy in look.effects.copies if copy.source.stage is not None or copy.source.image]
    message = "the deployed stage takes nothing from a stage that makes something"
    if not images:
        message = (
            f"nothing is copied from {others[0].label} to the deployed stage: the second stage is there in form alone"
        )
    return look.finding((images[0] if images else others[0]).line, message, ", ".join(each.label for each in others))


def _from_elsewhere(look: _Look, program: Invocation, *, taken: bool) -> list[Finding]:
    if program.unknown:
        raise look.open(f"a program that can't be told: {program.unknown}")
    folders = look.effects.program.search_path or _SEARCH_PATH
    paths = (program.path, *program.or_else) if program.path else tuple(f"{each}/{program.name}" for each in folders)
    copy = _last_over(look.effects.copies, paths, exactly=not program.path)
    what = program.path or program.name
    if copy is None:
        if taken and what.rpartition("/")[2] in _SERVERS:
            return []
        if program.name or "/<" in what or look.effects.mounts_stages or any(c.unresolved for c in look.effects.copies):
            raise look.open(f"{what}, of which the Dockerfile does not tell where it comes from")
        if any(each.changes_files for each in look.chain[:-1]):
            return [look.ships(f"and {what} of it")]
        line = look.deployed.line
        return [
            look.finding(line, f"no COPY brings the program {what} into the deployed stage", "none that reaches it")
        ]
    if look.builds(copy.source.stage):
        return []
    if copy.stage != look.deployed.index:
        return [look.ships(f"and {what} of it")]
    if taken and copy.source.stage is None and copy.source.image is None and what.endswith(".sh"):
        raise look.open(f"the script {what} of the build context, of which nothing tells what it starts")
    return [look.finding(copy.line, f"the program {what} {_origin(look, copy)}", f"COPY {' '.join(copy.sources)}")]


def _origin(look: _Look, copy: Copy) -> str:
    if copy.source.image:
        return f"is copied ready-made from the image {copy.source.image.text}"
    if copy.source.stage is None:
        return "is copied from the build context, and not from a stage that built it"
    source = look.stages.all[copy.source.stage]
    if source in look.chain:
        return f"is copied from {source.label}, of which the deployed stage itself is made"
    return f"is copied from {source.label}, which makes nothing: it is an image by another name"


def _last_over(copies: tuple[Copy, ...], paths: tuple[str, ...], *, exactly: bool) -> Copy | None:
    """Return the copy that brings the first of the paths that any brings: the closest one, and of those the last."""
    for path in paths:
        over = [copy for copy in copies if _covers(copy, path, exactly=exactly)]
        if over:
            return max(enumerate(over), key=lambda each: (len(each[1].destination), each[0]))[1]
    return None


def _covers(copy: Copy, path: str, *, exactly: bool) -> bool:
    if not copy.destination:
        return False
    if path == copy.destination:
        return not copy.into_folder
    folder = copy.destination.rstrip("/") + "/"
    if not path.startswith(folder):
        return False
    first, _, deeper = path.removeprefix(folder).partition("/")
    return any(_brings(source, first, exactly=exactly and not deeper) for source in copy.sources)


def _brings(source: str, first: str, *, exactly: bool) -> bool:
    """Say whether a thing that is copied into a folder may bring an entry of that name."""
    name = source.rstrip("/").rpartition("/")[2]
    if source.startswith("<<"):
        return source.lstrip("<-").strip("\"'") == first
    pattern = re.escape(name).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    if name not in {"", ".", ".."} and re.fullmatch(pattern, first):
        return True
    # What a folder holds is copied, not the folder: any name may be in it. What looks like a file brings its own name alone.
    return not exactly and (source.endswith("/") or name in {"", ".", ".."} or not _FILE.search(name))
