"""Small frozen scans for the rules on them: each is sound, and a test replaces the part that it is about."""

from __future__ import annotations

from typing import Any

from exitgate.observe.misconfigurations import Misconfiguration, Misconfigurations
from exitgate.observe.scan import ImageScan, ScannedPackage, System, Vulnerability
from exitgate.observe.secrets import Secret, SecretScan
from exitgate.observe.trivy_report import ListedPackage
from exitgate.policy import VulnerabilityPolicy

from .builders import SUBSTRATE

LIBC = ScannedPackage(kind="os-pkgs", name="libc6", version="2.36-9", path="")
LODASH = ScannedPackage(
    kind="lang-pkgs", name="lodash", version="4.17.11", path="/app/node_modules/lodash/package.json"
)


def limits(**rules: Any) -> VulnerabilityPolicy:
    return VulnerabilityPolicy.model_validate(
        {
            "max_age_days": {"critical": 2, "high": 14},
            "misconfiguration_severity": "medium",
            "database_max_age_hours": 48,
            **rules,
        }
    )


def scan(**facts: Any) -> ImageScan:
    sound: dict[str, Any] = {
        "image": "image of orders",
        "system": System(family="debian", release="12.11", end_of_life=False),
        "packages": (LIBC, LODASH),
        "sbom": (
            ListedPackage(kind="deb", name="libc6", version="2.36-9"),
            ListedPackage(kind="npm", name="lodash", version="4.17.11"),
        ),
        "vulnerabilities": (),
        "database_age_hours": 3.0,
    }
    return ImageScan(substrate=SUBSTRATE, **{**sound, **facts})


def vulnerability(**facts: Any) -> Vulnerability:
    sound: dict[str, Any] = {
        "id": "CVE-2019-10744",
        "title": "prototype pollution",
        "package": "lodash",
        "installed": "4.17.11",
        "path": "/app/node_modules/lodash/package.json",
        "fixed": "4.17.12",
        "severity": "critical",
        "published": "2019-07-26",
        "age_days": 100,
        "seen_in": ("image", "SBOM"),
    }
    return Vulnerability(**{**sound, **facts})


def secrets(*found: Secret) -> SecretScan:
    return SecretScan(substrate=SUBSTRATE, image="image of orders", secrets=found)


def secret(**facts: Any) -> Secret:
    sound: dict[str, Any] = {
        "path": "/app/key.txt",
        "line": 3,
        "rule": "github-pat",
        "title": "GitHub Personal Access Token",
        "layer": "",
        "made_by": "COPY /app /app",
        "variables": (),
    }
    return Secret(**{**sound, **facts})


def misconfigurations(*found: Misconfiguration) -> Misconfigurations:
    return Misconfigurations(substrate=SUBSTRATE, found=found, rules_tried=54, suppressions=())


def misconfiguration(**facts: Any) -> Misconfiguration:
    sound: dict[str, Any] = {
        "location": "Dockerfile:3",
        "rule": "DS-0004",
        "severity": "medium",
        "message": "Port 22 should not be exposed",
        "remedy": "Remove it.",
    }
    return Misconfiguration(**{**sound, **facts})
