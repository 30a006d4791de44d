"""Images: built from a clean clone, and free of files that give privileges away."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.image import ImageFacts
from exitgate.policy import ContainerPolicy
from exitgate.provision.images import Build


def failed_builds(build: Build) -> list[Finding]:
    """Say why and where the image does not build."""
    if not build.failure:
        return []
    return [
        Finding(
            location=build.failed_at,
            message=f"the image of {build.workload} does not build from a clean clone",
            expected="an image",
            got=build.failure,
            remedy="Build it from a fresh clone by hand; the build log is among the evidence.",
        )
    ]


def privileged_files(image: ImageFacts, policy: ContainerPolicy) -> list[Finding]:
    """Name each setuid or setgid file, or file with capabilities, that the policy does not list."""
    return [
        Finding(
            location=f"image:{file.path}",
            message=f"the image holds {file.path}, which gives whoever runs it another identity",
            expected="no such file" + (f" but {', '.join(policy.allow_setuid)}" if policy.allow_setuid else ""),
            got=f"{file.kind}, mode {file.mode:04o}",
            remedy="Take it out of the image, or its bits: `chmod a-s`, `setcap -r`; list it in allow_setuid only with a reason.",
        )
        for file in image.privileged_files
        if file.path not in policy.allow_setuid
    ]


def open_folders(image: ImageFacts) -> list[Finding]:
    """Name each folder of the image that everybody may write into and where everybody may remove what others wrote."""
    return [
        Finding(
            location=f"image:{path}",
            message=f"everybody may write into {path}, and replace what others put there",
            expected="no folder with write permission for others, but with the sticky bit",
            got="write permission for others",
            remedy="`chmod o-w` it, or give it the sticky bit (`chmod +t`) if it is for temporary files.",
        )
        for path in image.open_directories
        if path not in image.sticky_directories
    ]
