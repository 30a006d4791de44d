"""Whether a scan can say anything, and the vulnerabilities that have stood for too long."""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.scan import OS_PACKAGES, ImageScan, Vulnerability
from exitgate.policy.containers import SEVERITIES, Severity, VulnerabilityPolicy

_CLOCKS_DIFFER_HOURS = 1


def invalid_scans(scan: ImageScan, policy: VulnerabilityPolicy) -> list[Finding]:
    """Name a release that the Dockerfile makes up, and one that nobody mends any more.

    Of a release that the scanner does not know it finds nothing: to change what the image says of itself is to blind it.

    Raises:
        PrerequisiteMissing: if the scan is blind otherwise: what it does not find says nothing, see `refuse_a_blind_scan`.
    """
    system = scan.system
    findings = []
    if scan.pretended:
        findings.append(
            Finding(
                location=f"image:/etc/{scan.pretended.partition(' ')[0]}",
                message="the Dockerfile changes which release the image says that it is, and advisories are found by that",
                expected="the base image's own release",
                got=scan.pretended,
                remedy="Leave those files alone; for another release start from a base image of it.",
            )
        )
    else:
        refuse_a_blind_scan(scan, policy)
    if system is not None and system.end_of_life:
        findings.append(
            Finding(
                location="image:/etc/os-release",
                message=f"{system.family} {system.release} is past its end of life: advisories and updates have stopped",
                expected="a release that is still mended",
                got=f"{system.family} {system.release}",
                remedy="Start from a base image of a supported release.",
            )
        )
    return findings


def refuse_a_blind_scan(scan: ImageScan, policy: VulnerabilityPolicy) -> None:
    """Make sure that the scanner knew what it looked at, saw packages, and had a database of today's knowledge.

    Raises:
        PrerequisiteMissing: if it did not: it would find nothing then, and that would look just like a clean image.
    """
    if scan.system is None and not scan.self_told:
        raise PrerequisiteMissing(
            scan.image,
            got="the scanner recognises no operating system in it",
            expected="one whose packages it can compare with advisories",
            action="Start from a base image that keeps its /etc/os-release and package database.",
        )
    for clause in filter(None, (scan.pretended, scan.misread)):
        raise PrerequisiteMissing(
            scan.image,
            got=f"which release it is can't be told: {clause}",
            expected="the base image's own release, by which advisories are found",
            action="Leave those files alone; for another release start from a base image of it.",
        )
    if scan.system is not None and not any(package.kind == OS_PACKAGES for package in scan.packages):
        raise PrerequisiteMissing(
            scan.image,
            got=f"the scanner reads not one package of its {scan.system.family} {scan.system.release}",
            expected="a package database that is still there",
            action="Leave the base image's package database in place: /var/lib/dpkg, /lib/apk/db.",
        )
    if scan.unheard:
        raise PrerequisiteMissing(
            "vulnerability database",
            got=f"it knows no vulnerability of {' nor of '.join(scan.unheard)}, and every real one knows some",
            expected="one that is whole",
            action="Download the database anew: `trivy image --download-db-only`, or name another: --gate-trivy-db DIR.",
        )
    if scan.database_age_hours < -_CLOCKS_DIFFER_HOURS:
        raise PrerequisiteMissing(
            "vulnerability database",
            got=f"put together {-scan.database_age_hours:.0f} hours from now, by its own words",
            expected="a time that has been",
            action="Set this machine's clock, or download the database anew.",
        )
    if scan.database_age_hours > policy.database_max_age_hours:
        raise PrerequisiteMissing(
            "vulnerability database",
            got=f"put together {scan.database_age_hours:.0f} hours ago",
            expected=f"at most {policy.database_max_age_hours} hours",
            action="Connect this machine to Trivy's registries, or name a newer database: --gate-trivy-db DIR.",
        )


def standing_vulnerabilities(scan: ImageScan, policy: VulnerabilityPolicy) -> list[Finding]:
    """Name each vulnerability, found in the image or by its SBOM, that is known for longer than its severity may stand."""
    return [
        _finding(each, severity, policy.max_age_days[severity])
        for each in scan.vulnerabilities
        if (severity := _judged_as(each, policy)) is not None and _is_too_old(each, policy.max_age_days[severity])
    ]


def _judged_as(each: Vulnerability, policy: VulnerabilityPolicy) -> Severity | None:
    """Return the severity that a vulnerability is judged by; one that nobody has ranked counts as the mildest that is judged."""
    for severity in SEVERITIES:
        if each.severity == severity:
            return severity if severity in policy.max_age_days else None
    return policy.severity


def _is_too_old(each: Vulnerability, days: int) -> bool:
    # A day that nobody knows may be long ago.
    return each.age_days is None or each.age_days > days


def _finding(each: Vulnerability, severity: Severity, days: int) -> Finding:
    known = f"published {each.published}, {each.age_days} days ago" if each.published else "published nobody knows when"
    fix = f"fixed in {each.fixed}" if each.fixed else "no version without it: it stands all the same"
    return Finding(
        rule=each.id,
        location=f"image:{each.path or each.package}",
        message=f"{each.package} {each.installed} has {each.id} ({each.severity}), seen in {' and '.join(each.seen_in)}",
        expected=f"none of severity {severity} that is known for more than {days} days",
        got=f"{each.title or each.id}; {known}; {fix}",
        remedy=f"Update {each.package} to {each.fixed}, or the base image that brings it."
        if each.fixed
        else f"Take {each.package} out of the image, or waive it until a date while it has no fix.",
    )
