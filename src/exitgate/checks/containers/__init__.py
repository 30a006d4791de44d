"""Rules of the criterion "containers hardened and scanned"."""

from exitgate.checks.containers.attempts import granted_attempts
from exitgate.checks.containers.capabilities import (
    added_capabilities,
    kept_capabilities,
    undropped_capabilities,
    unfiltered_system_calls,
)
from exitgate.checks.containers.health import (
    blind_health_checks,
    missing_image_health_check,
    missing_task_health_check,
    never_healthy,
)
from exitgate.checks.containers.identity import declared_strangers, foreign_images, processes_outside
from exitgate.checks.containers.images import failed_builds, privileged_files
from exitgate.checks.containers.misconfigurations import standing_misconfigurations
from exitgate.checks.containers.policy import lax_policies
from exitgate.checks.containers.sbom import incomplete_sboms
from exitgate.checks.containers.secrets import leaked_secrets
from exitgate.checks.containers.start import confinement_breaks
from exitgate.checks.containers.vulnerabilities import invalid_scans, refuse_a_blind_scan, standing_vulnerabilities

__all__ = [
    "added_capabilities",
    "blind_health_checks",
    "confinement_breaks",
    "declared_strangers",
    "failed_builds",
    "foreign_images",
    "granted_attempts",
    "incomplete_sboms",
    "invalid_scans",
    "kept_capabilities",
    "lax_policies",
    "leaked_secrets",
    "missing_image_health_check",
    "missing_task_health_check",
    "never_healthy",
    "privileged_files",
    "processes_outside",
    "refuse_a_blind_scan",
    "standing_misconfigurations",
    "standing_vulnerabilities",
    "undropped_capabilities",
    "unfiltered_system_calls",
]
