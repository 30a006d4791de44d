"""Whether all tasks of one deployment run the same image (3.5.B.1)."""

from __future__ import annotations

from exitgate.checks.deployments.planned import in_every_stack
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings


@in_every_stack
def drifting_versions(planned: DeploymentSettings) -> list[Finding]:
    """Name an image that may become another one while a deployment is under way, or when scaling adds a task.

    A tag is resolved once a deployment, unless that is switched off (Amazon ECS developer guide, "Container image resolution").

    Raises:
        PrerequisiteMissing: if the image is not known before an apply.
    """
    image = planned.image
    if image.reference is None:
        raise PrerequisiteMissing(
            image.location,
            got="an image that is not known before an apply",
            expected="one that the plan shows, by digest",
            action="Give its digest by a variable.",
        )
    if image.is_by_digest or image.version_consistency != "disabled":
        return []
    return [
        Finding(
            location=image.location,
            message="tasks of one deployment may run different images",
            expected="an image by digest, or versionConsistency enabled",
            got=f"{image.reference}, with versionConsistency disabled",
            remedy="Name the image by its digest; or leave versionConsistency out, so that ECS resolves the tag once.",
        )
    ]
