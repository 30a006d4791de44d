"""Secrets that an image gives to whoever pulls it."""

from __future__ import annotations

from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.secrets import Secret, SecretScan

_SETTERS = ("ENV", "ARG", "RUN", "LABEL")
_REMEDY = (
    "Revoke the secret, since whoever has the image has it. Give it to the container when it starts, "
    "or to a build step as a build secret (RUN --mount=type=secret)."
)


def leaked_secrets(
    scan: SecretScan, contents: ImageContents, dockerfile: Dockerfile, stage: str | None = None
) -> list[Finding]:
    """Name each secret in a file of any layer, in an environment variable or in the build history, once a place."""
    findings: dict[tuple[str, str], Finding] = {}
    for secret in scan.secrets:
        location = f"image:{secret.path}" if secret.path else _locate(secret, dockerfile, stage)
        findings.setdefault(
            (location, secret.rule),
            Finding(
                location=location,
                message=f"the image holds a secret ({secret.title}) {_where(secret, contents)}",
                expected="no secret in any layer, environment variable or build history",
                got=f"{secret.rule}{f', line {secret.line}' if secret.line else ''}",
                remedy=_REMEDY,
            ),
        )
    return list(findings.values())


def _where(secret: Secret, contents: ImageContents) -> str:
    if not secret.path:
        names = f" ({', '.join(secret.variables)})" if secret.variables else ""
        return f"in its environment or build history{names}"
    there = contents.entries.get(secret.path)
    if there is None or (secret.layer and there[1].digest != secret.layer):
        return f"in {secret.path} of a layer below the one that removes or replaces it"
    return f"in {secret.path}"


def _locate(secret: Secret, dockerfile: Dockerfile, stage: str | None) -> str:
    """Return the instruction of the deployed stage that sets one of the secret's variables."""
    for each in dockerfile.deployed(stage):
        if each.name in _SETTERS and any(name in each.value for name in secret.variables):
            return f"{dockerfile.path}:{each.line}"
    return "image:configuration"
