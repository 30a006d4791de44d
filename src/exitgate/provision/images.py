"""Images of the target's workloads, built from its clean clone; a build that fails is data for the control that owns it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.dockerfile import Dockerfile, read_dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.process import Completed, run_tool
from exitgate.provision.clone import check_out, clone_target, commit_time
from exitgate.provision.engine import Builder, Engine, client_environment
from exitgate.provision.registry import obtain
from exitgate.provision.substitutes import substitute_image
from exitgate.run import Run
from exitgate.target import Target, Workload

_BUILD_TIMEOUT_S = 900.0
_NETWORK = (
    "EAI_AGAIN",
    "ENOTFOUND",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "Temporary failure resolving",
    "Could not resolve host",
    "TLS handshake timeout",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "i/o timeout",
    "no such host",
    "network is unreachable",
    "dial tcp",
)
_EPOCH = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that tools write in place of now, see reproducible-builds.org; here the commit's own time."""
_NO_ROOM = "no space left on device"
_PARSE_ERROR_LINE = re.compile(r"(?:parse error (?:on )?line|Dockerfile:) ?(\d+)")
_STEP = re.compile(r"^#(\d+) \[[^\]]*\] (.+)$", re.MULTILINE)
_FAILED_STEP = re.compile(r"^#(\d+) ERROR", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build(Observation):
    """A try at building a workload's image."""

    workload: str
    commit: str
    """The commit of the clean clone that was built."""
    image_id: str
    """The image's own id, ``sha256:…``; empty where the build failed."""
    failure: str
    """Why it failed, in one line; empty where it did not."""
    failed_at: str
    """``Dockerfile:line`` of what failed, as far as the builder said."""
    base_images: tuple[str, ...] = ()
    """References of the images that what was built is FROM in the end, substitutes in place."""
    build_args: dict[str, str] = field(default_factory=dict)
    """The target's own for the workload, substitutes in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bases:
    build_args: dict[str, str] = field(default_factory=dict)
    substitutes: tuple[str, ...] = ()
    failure: str = ""
    failed_at: str = ""


def build_image(
    engine: Engine,
    builder: Builder,
    run: Run,
    target: Target,
    workload: Workload,
    dockerfile: Dockerfile,
    keep: EvidenceFolder,
) -> Build:
    """Build a workload's image from the run's clean clone.

    Base images are taken from the engine, else pulled, else substituted where the target allows it and no registry answers.

    Raises:
        PrerequisiteMissing: if a base image can be had in no way, or the build could not reach what it downloads.
        ProvisionError: if the engine's disk is full.
        ObservationError: if the build does not end in time.
    """
    bases = _bases(engine, builder, target, workload, dockerfile)
    order = _Order(name=workload.name, directory=target.directory, bases=bases)
    return _build(engine, builder, run, workload, dockerfile, order, keep)


def build_again(
    engine: Engine,
    builder: Builder,
    run: Run,
    target: Target,
    workload: Workload,
    dockerfile: Dockerfile,
    keep: EvidenceFolder,
) -> Build:
    """Build a workload's image once more, from another clean clone, in another folder, with nothing from the builder's cache.

    Raises:
        PrerequisiteMissing, ProvisionError, ObservationError: as `build_image`.
    """
    bases = _bases(engine, builder, target, workload, dockerfile)
    clone = run.scratch_path / f"again-{workload.name}"
    try:
        clone_target(target.directory, clone, allow_dirty=False)
        order = _Order(name=f"{workload.name}-again", directory=clone, bases=bases, fresh=True)
        return _build(engine, builder, run, workload, dockerfile, order, keep)
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def build_release(
    engine: Engine, builder: Builder, run: Run, target: Target, workload: Workload, tag: str, keep: EvidenceFolder
) -> Build:
    """Build a workload's image as an earlier release has it, from a clone of its own at that tag.

    Raises:
        PrerequisiteMissing, ProvisionError, ObservationError: as `build_image`.
        TargetError: if the release has no such Dockerfile.
    """
    clone = run.scratch_path / f"release-{workload.name}"
    try:
        clone_target(target.directory, clone, allow_dirty=True)
        check_out(clone, tag)
        dockerfile = read_dockerfile(clone, workload.dockerfile)
        bases = _bases(engine, builder, target, workload, dockerfile)
        order = _Order(name=f"{workload.name}-{tag}", directory=clone, bases=bases)
        return _build(engine, builder, run, workload, dockerfile, order, keep)
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def build_stage(
    engine: Engine,
    builder: Builder,
    run: Run,
    target: Target,
    workload: Workload,
    stage: str,
    *,
    name: str,
    keep: EvidenceFolder,
) -> Build:
    """Build an earlier stage of a workload's Dockerfile alone; the builder has it in its cache from the whole image.

    Args:
        stage: Its name, or its number from 0.
        name: Of the image, and of its log; no other build of the run may have it, since both may be under way at once.

    Raises:
        PrerequisiteMissing, ProvisionError, ObservationError: as `build_image`.
    """
    dockerfile = read_dockerfile(target.directory, workload.dockerfile)
    bases = _bases(engine, builder, target, workload, dockerfile)
    order = _Order(name=name, directory=target.directory, bases=bases, stage=stage)
    return _build(engine, builder, run, workload, dockerfile, order, keep)


def build_from(
    engine: Engine,
    builder: Builder,
    run: Run,
    target: Target,
    workload: Workload,
    dockerfile: Dockerfile,
    *,
    directory: Path,
    name: str,
    keep: EvidenceFolder,
) -> Build:
    """Build a workload's image under another name from another folder, e.g. an earlier release's.

    Raises:
        PrerequisiteMissing, ProvisionError, ObservationError: as `build_image`.
    """
    bases = _bases(engine, builder, target, workload, dockerfile)
    return _build(engine, builder, run, workload, dockerfile, _Order(name=name, directory=directory, bases=bases), keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    name: str
    """Of the image, and of the log among the evidence."""
    directory: Path
    """The clone to build from."""
    bases: _Bases
    fresh: bool = False
    """Whether the builder's cache is left alone."""
    stage: str = ""
    """Another stage than the deployed one."""


def _build(
    engine: Engine,
    builder: Builder,
    run: Run,
    workload: Workload,
    dockerfile: Dockerfile,
    order: _Order,
    keep: EvidenceFolder,
) -> Build:
    substrate = Substrate(
        assurance=Assurance.EXECUTED,
        name=f"docker build on engine {engine.version}",
        limits=("built on this machine, not on the one that builds for production",),
        substitutes=order.bases.substitutes,
        tools=(engine.tool, builder.tool),
    )
    if order.bases.failure:
        return _failed(run, workload, substrate, order.bases.failure, order.bases.failed_at)
    identity_file = run.scratch_path / f"image-{order.name}.id"
    identity_file.unlink(missing_ok=True)
    completed = run_tool(
        [builder.executable, *_arguments(run, workload, order, identity_file)],
        timeout_s=_BUILD_TIMEOUT_S,
        environment=client_environment(engine.address),
        cwd=order.directory,
    )
    log = completed.stdout + completed.stderr
    evidence = keep.keep(f"build-{order.name}.log", log)
    if completed.exit_code != 0 or not identity_file.is_file():
        _refuse_to_blame_the_target(workload, log)
        failure, failed_at = _explain(completed, log, dockerfile)
        return _failed(run, workload, substrate, failure, failed_at, evidence=(evidence,))
    if order.fresh and not executed_steps(log):
        raise ObservationError(
            f"second image of {workload.name}",
            got="a builder that took every step from its cache, though it was told not to",
            expected="steps that are executed again",
            action="Look at the build's log among the evidence; use BuildKit by Docker's own client.",
        )
    given = {**workload.build_args, **order.bases.build_args}
    return Build(
        substrate=substrate,
        evidence=(evidence,),
        workload=workload.name,
        commit=run.commit,
        image_id=identity_file.read_text(encoding="ascii").strip(),
        failure="",
        failed_at="",
        base_images=_made_of(dockerfile, given, order.stage or workload.stage),
        build_args=given,
    )


def _made_of(dockerfile: Dockerfile, build_args: dict[str, str], stage: str | None) -> tuple[str, ...]:
    """Return the image that a stage starts from in the end: those of other stages lend it no layers."""
    stages = dockerfile.stages(build_args)
    origin = stages.origin(stages.deployed(stage))
    return () if origin.is_scratch else (origin.text,)


def executed_steps(log: str) -> tuple[str, ...]:
    """Return the instructions that a build executed, by its log in plain progress, and did not take from the cache."""
    cached = set(re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE))
    steps = dict(re.findall(r"^#(\d+) \[(?!internal\])[^\]]*\] (.+)$", log, re.MULTILINE))
    return tuple(words for number, words in steps.items() if number not in cached and not words.startswith("FROM "))


def _failed(run: Run, workload: Workload, substrate: Substrate, failure: str, failed_at: str, **more: object) -> Build:
    return Build(
        substrate=substrate,
        workload=workload.name,
        commit=run.commit,
        image_id="",
        failure=failure,
        failed_at=failed_at,
        **more,  # type: ignore[arg-type]
    )


def _arguments(run: Run, workload: Workload, order: _Order, identity_file: Path) -> list[str]:
    arguments = ["build", "--progress=plain", "--pull=false", f"--iidfile={identity_file}"]
    # It begins the caches that instructions mount anew, too.
    arguments += ["--no-cache"] if order.fresh else []
    arguments += [f"--file={order.directory / workload.dockerfile}", f"--tag=exitgate-{run.id}:{order.name}"]
    arguments += [f"--label={name}={value}" for name, value in run.labels.items()]
    given = {_EPOCH: commit_time(order.directory), **workload.build_args, **order.bases.build_args}
    arguments += [f"--build-arg={name}={value}" for name, value in given.items()]
    stage = order.stage or workload.stage
    arguments += [f"--target={stage}"] if stage else []
    return [*arguments, str(order.directory / workload.context)]


def _bases(engine: Engine, builder: Builder, target: Target, workload: Workload, dockerfile: Dockerfile) -> _Bases:
    """Make sure of every base image; decide by what the registry says whether an absence is the target's fault."""
    allowed = target.configuration.substitute
    by_reference = {
        (workload.build_args.get(name) or dockerfile.defaults.get(name)): name
        for name in allowed
        if name in dockerfile.defaults
    }
    args: dict[str, str] = {}
    substitutes: list[str] = []
    for line, reference in dockerfile.base_images(workload.build_args):
        state, words = obtain(engine, builder, reference)
        if state == "here":
            continue
        if state == "absent":
            return _Bases(failure=f"the registry has no image {reference}", failed_at=f"{dockerfile.path}:{line}")
        name = by_reference.get(reference)
        if name is None:
            raise PrerequisiteMissing(
                f"{dockerfile.path}:{line}",
                got=f"base image {reference} can't be pulled ({words})",
                expected="a registry that answers, or the image on the engine",
                action="Connect to the registry, `docker load` the image, or allow a substitute: [substitute.ARG].",
            )
        made = substitute_image(engine, allowed[name].kind, reference)
        args[name] = made.tag
        substitutes.append(made.description)
    return _Bases(build_args=args, substitutes=tuple(substitutes))


def _refuse_to_blame_the_target(workload: Workload, log: str) -> None:
    if _NO_ROOM in log:
        raise ProvisionError(
            f"image of {workload.name}",
            got="no space left on the engine's disk",
            expected="room for the image",
            action="Free some space: `docker system df` shows what takes it.",
        )
    sign = next((sign for sign in _NETWORK if sign in log), None)
    if sign:
        line = next(line for line in log.splitlines() if sign in line)
        raise PrerequisiteMissing(
            f"image of {workload.name}",
            got=f"the build could not reach what it downloads: {one_line(line, 160)}",
            expected="the package registries that its Dockerfile uses",
            action="Connect this machine to them, and run again.",
        )


def _explain(completed: Completed, log: str, dockerfile: Dockerfile) -> tuple[str, str]:
    """Return the builder's own words about a failure, and where in the Dockerfile it happened."""
    errors = [line for line in log.splitlines() if line.startswith(("ERROR", "error:", "failed to solve", "Error"))]
    failure = one_line(errors[-1] if errors else completed.last_words, 300)
    if parsed := _PARSE_ERROR_LINE.search(log):
        return failure, f"{dockerfile.path}:{parsed.group(1)}"
    steps = dict(_STEP.findall(log))
    for number in reversed(_FAILED_STEP.findall(log)):
        name, _, value = steps.get(number, "").partition(" ")
        for instruction in dockerfile.instructions:
            if (
                instruction.name == name
                and value
                and " ".join(instruction.value.split()).startswith(" ".join(value.split())[:60])
            ):
                said = _last_output(log, number)
                return f"{failure}{f' — {said}' if said else ''}", f"{dockerfile.path}:{instruction.line}"
    return failure, f"{dockerfile.path}:1"


def _last_output(log: str, step: str) -> str:
    """Return the first line that a failing step said of an error, else the last that it said at all."""
    said = re.findall(rf"^#{step} (?:\d+\.\d+ )(.+)$", log, re.MULTILINE)
    telling = [line for line in said if "error" in line.lower()]
    return one_line((telling or said or [""])[0 if telling else -1], 160)
