"""What deployed images are made of: base images that the policy has reviewed, each by digest."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from exitgate.dockerfile import Dockerfile, ImageUse, Reference, Stage, Stages, effects_of, parse_reference
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.policy import ContainerPolicy
from exitgate.policy.containers import BaseImage
from exitgate.target import Target

_Found = Callable[[str, str, str, str], Finding]
_FRONTEND_ARGUMENT = "BUILDKIT_SYNTAX"
_SYSTEM = frozenset(
    {"/", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/var", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64"}
    | {"/usr/libexec", "/usr/share", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/opt", "/var/lib"}
    | {f"{lib}/{machine}-linux-gnu" for lib in ("/lib", "/usr/lib") for machine in ("x86_64", "aarch64")}
)
"""Folders that hold what an image is, and not what was built in it."""
_WHERE_TO_WRITE = "in the instruction, or as the default of the build argument that it uses"


def undeclared_bases(target: Target) -> list[Finding]:
    """Say where the target has reviewed no base image."""
    policy = target.policy.containers
    if policy is not None and policy.base_image:
        return []
    return [
        Finding(
            location=target.locate("policy", "containers"),
            message="no base image is allowed by the policy, so none was ever reviewed",
            expected="[[policy.containers.base_image]] with repository, tag and digests",
            got="no such table" if policy is None else "[policy.containers] without one",
            remedy="Review the images that deployed stages start from, and list them with the digests that were reviewed.",
        )
    ]


def foreign_bases(
    dockerfile: Dockerfile, policy: ContainerPolicy, build_args: Mapping[str, str], stage: str | None = None
) -> list[Finding]:
    """Name each image that the deployed one is made of and that the policy does not list, by digest.

    That is what its FROM leads to in the end, every image from which files or mounts reach it directly, and every image of a
    stage of which whole folders of the system are copied: with them the deployed stage is that image. An image without
    a certain name is a finding too: nobody can have reviewed it. One that each builder chooses for itself is not judged.

    Raises:
        PrerequisiteMissing: if no base image is listed, or one depends on the builder's platform.
        ObservationError: if the Dockerfile has no such stage.
    """
    if not policy.base_image:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [[policy.containers.base_image]]",
            expected="the base images that are allowed",
            action="List them.",
            blocked_by="3.2.A.1",
        )
    stages = dockerfile.stages(build_args)
    chain = stages.deployed_chain(stage)
    findings = _foreign_frontend(dockerfile, build_args)
    uses = [stages.origin(chain[-1]), *stages.images_into(chain)]
    findings += [
        finding
        for use in dict.fromkeys(uses)
        if not use.is_scratch and not use.builder_decides and (finding := _judged(dockerfile.path, use, policy))
    ]
    taken = dict.fromkeys(_systems_into(stages, chain))
    findings += [
        finding
        for folder, use in taken
        if not use.is_scratch and not use.builder_decides and (finding := _judged(dockerfile.path, use, policy, folder))
    ]
    uses += [use for _, use in taken]
    open_use = next((use for use in uses if use.builder_decides), None)
    if open_use and not findings:
        raise PrerequisiteMissing(
            f"{dockerfile.path}:{open_use.line}",
            got=f"{open_use.written}, of which {open_use.unresolved}",
            expected="an image whose name the Dockerfile and exitgate.toml decide",
            action="Give the variable a value in the workload's build_args; a digest can stand for all platforms.",
        )
    return findings


def is_listed(use: ImageUse, policy: ContainerPolicy) -> bool:
    """Say whether the policy lists an image, by digest."""
    return not use.is_scratch and not use.builder_decides and _judged("", use, policy) is None


def _systems_into(
    stages: Stages, chain: tuple[Stage, ...], seen: frozenset[int] = frozenset()
) -> Iterator[tuple[str, ImageUse]]:
    """Yield the images whose whole folders of the system reach a chain through stages, with the folder, over any number of them."""
    seen |= {stage.index for stage in chain}
    for copy in effects_of(stages, chain).copies:
        folders = [folder for each in copy.sources if (folder := _system_folder(each))]
        if copy.source.stage is None or copy.source.stage in seen or not folders:
            continue
        made = stages.chain(stages.all[copy.source.stage])
        if not any(stage.changes_files for stage in made):
            continue
        for image in (stages.origin(made[-1]), *stages.images_into(made)):
            yield folders[0], replace(image, line=copy.line, how="COPY --from")
        yield from _systems_into(stages, made, seen)


def _system_folder(source: str) -> str:
    """Return the folder of the system that a source of a COPY means as a whole; empty where it means none."""
    plain = "/" + posixpath.normpath(source.removesuffix("*")).strip("/.")
    return plain if plain in _SYSTEM else ""


def _foreign_frontend(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> list[Finding]:
    """Say where the builder is told to read the file by another frontend than Docker's own: FROM may mean anything then."""
    text = build_args.get(_FRONTEND_ARGUMENT) or dockerfile.directives.syntax
    image = parse_reference(text.split()[0]) if text.split() else None
    parts = image.repository.split("/")[-2:] if image else []
    # Mirrors keep the name of what they mirror.
    if not text or parts in (["docker", "dockerfile"], ["docker", "dockerfile-upstream"]):
        return []
    return [
        Finding(
            location=f"{dockerfile.path}:1",
            message="another frontend than Docker's own reads the Dockerfile, so that what it is made of can't be told",
            expected="docker/dockerfile, or none",
            got=text,
            remedy="Take the syntax directive out, or name docker/dockerfile there.",
        )
    ]


def _judged(path: str, use: ImageUse, policy: ContainerPolicy, folder: str = "") -> Finding | None:
    def found(message: str, expected: str, got: str, remedy: str) -> Finding:
        return Finding(
            location=f"{path}:{use.line}",
            message=f"{_role(use, folder)} {message}",
            expected=expected,
            got=got if use.written == use.text else f"{got}, written {use.written}",
            remedy=remedy,
        )

    if use.unresolved:
        return found(
            "can't be told from the Dockerfile",
            "one name, whoever builds it",
            f"{use.written or 'nothing'}: {use.unresolved}",
            f"Write the image with its digest {_WHERE_TO_WRITE}.",
        )
    reference = use.reference
    if reference is None:
        return found("has no valid name", "repository:tag@digest", use.text, f"Mend it {_WHERE_TO_WRITE}.")
    listed = [image for image in policy.base_image if _name(image) == reference.name]
    if not listed:
        elsewhere = [image.repository for image in policy.base_image if reference.digest in image.digests]
        same = f"; its digest is on the list, of {elsewhere[0]}" if elsewhere else ""
        return found(
            f"is from a repository that the policy does not list: {reference.familiar_name}{same}",
            _allowed(policy.base_image),
            use.text,
            "Start from an image on the list, or have this one reviewed and add it to [[policy.containers.base_image]].",
        )
    return _version_of(reference, listed, use.text, found)


def _version_of(reference: Reference, listed: list[BaseImage], text: str, found: _Found) -> Finding | None:
    """Judge digest and tag of an image from a listed repository."""
    digests = [digest for image in listed for digest in image.digests]
    if not reference.digest:
        return found(
            "has no digest, so what it is changes under the build",
            f"@{digests[0]}",
            text,
            f"Write the digest after the tag, {_WHERE_TO_WRITE}.",
        )
    if reference.digest not in digests:
        return found(
            "has a digest that the policy does not list",
            " or ".join(digests),
            text,
            "Go back to a digest on the list, or have this one reviewed and change the policy and the Dockerfile together.",
        )
    own = [image for image in listed if reference.digest in image.digests]
    if reference.tag and not any(image.has_tag(reference.tag) for image in own):
        return found(
            f"has the tag {reference.tag}, which the policy does not list beside its digest",
            " or ".join(image.tag for image in own),
            text,
            "Builders heed the digest alone. Write the tag that belongs to it, so that readers are not misled.",
        )
    return None


def _role(use: ImageUse, folder: str) -> str:
    if folder:
        return f"the image of a stage whose {folder} the deployed stage takes whole"
    match use.how:
        case "FROM":
            return "the base image of the deployed stage"
        case "COPY --from":
            return "an image from which the deployed stage copies"
        case "RUN --mount":
            return "an image that the deployed stage mounts"


def _name(image: BaseImage) -> str:
    reference = parse_reference(image.repository)
    return reference.name if reference else image.repository


def _allowed(images: tuple[BaseImage, ...]) -> str:
    return "one of " + ", ".join(image.repository for image in images)
