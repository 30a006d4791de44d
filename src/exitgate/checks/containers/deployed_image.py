"""Whether what is built is what production is told to run."""

from __future__ import annotations

from exitgate.dockerfile import parse_reference
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.deployed_image import DeployedImage


def images_from_elsewhere(image: DeployedImage) -> list[Finding]:
    """Say where production is told to run an image of another repository than the workload's own.

    Raises:
        PrerequisiteMissing: if a variable that the target does not decide is part of the repository's name.
    """
    own = parse_reference(image.repository)
    # Where the target says nothing of its own, the observation has it as a limit.
    if not image.repository or image.named.startswith((f"{image.repository}:", f"{image.repository}@")):
        return []
    if "$" in image.named:
        raise PrerequisiteMissing(
            image.location,
            got=f"the image {image.named}, of which a variable decides where it is from",
            expected=f"an image of {image.repository}",
            action="Write the repository out, and leave tag and digest alone to variables.",
        )
    named = parse_reference(image.named)
    if named is not None and own is not None and named.name == own.name:
        return []
    return [
        Finding(
            location=image.location,
            message=f"the {image.noun} has production run another image than the one that is built here",
            expected=f"an image of {image.repository}",
            got=image.named or "no image",
            remedy="Name the repository that this workload's image is pushed to, or correct `repository` in exitgate.toml.",
        )
    ]
