"""Rules of the criterion "containers hardened and scanned"."""

from exitgate.checks.containers.attempts import granted_attempts
from exitgate.checks.containers.bases import foreign_bases, undeclared_bases
from exitgate.checks.containers.build_material import build_leftovers, build_tools
from exitgate.checks.containers.capabilities import (
    added_capabilities,
    kept_capabilities,
    undropped_capabilities,
    unfiltered_system_calls,
)
from exitgate.checks.containers.deployed_image import images_from_elsewhere
from exitgate.checks.containers.environment import unsafe_settings
from exitgate.checks.containers.health import (
    blind_health_checks,
    missing_image_health_check,
    missing_task_health_check,
    never_healthy,
)
from exitgate.checks.containers.identity import declared_strangers, foreign_images, processes_outside
from exitgate.checks.containers.images import failed_builds, open_folders, privileged_files
from exitgate.checks.containers.misconfigurations import standing_misconfigurations
from exitgate.checks.containers.mounts import writable_files
from exitgate.checks.containers.packages import development_packages, unlocked_packages
from exitgate.checks.containers.policy import lax_policies
from exitgate.checks.containers.reproducible import irreproducible_builds
from exitgate.checks.containers.sbom import incomplete_sboms
from exitgate.checks.containers.scan_policy import lax_scan_limits
from exitgate.checks.containers.secrets import leaked_secrets
from exitgate.checks.containers.size import missing_budgets, oversized_images
from exitgate.checks.containers.stage_contents import undivided_contents
from exitgate.checks.containers.stages import undivided_builds
from exitgate.checks.containers.start import confinement_breaks
from exitgate.checks.containers.vulnerabilities import invalid_scans, refuse_a_blind_scan, standing_vulnerabilities

__all__ = [
    "added_capabilities",
    "blind_health_checks",
    "build_leftovers",
    "build_tools",
    "confinement_breaks",
    "declared_strangers",
    "development_packages",
    "failed_builds",
    "foreign_bases",
    "foreign_images",
    "granted_attempts",
    "images_from_elsewhere",
    "incomplete_sboms",
    "invalid_scans",
    "irreproducible_builds",
    "kept_capabilities",
    "lax_policies",
    "lax_scan_limits",
    "leaked_secrets",
    "missing_budgets",
    "missing_image_health_check",
    "missing_task_health_check",
    "never_healthy",
    "open_folders",
    "oversized_images",
    "privileged_files",
    "processes_outside",
    "refuse_a_blind_scan",
    "standing_misconfigurations",
    "standing_vulnerabilities",
    "undeclared_bases",
    "undivided_builds",
    "undivided_contents",
    "undropped_capabilities",
    "unfiltered_system_calls",
    "unlocked_packages",
    "unsafe_settings",
    "writable_files",
]
