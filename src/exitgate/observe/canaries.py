"""Whether a vulnerability database knows anything: packages that are known to be vulnerable are looked up in it first.

A young database can be empty, or lack the very system that an image is of; what it does not find says nothing then.
Sources: CycloneDX 1.5; the purl specification; Trivy's ``pkg/sbom``.
"""

from __future__ import annotations

import json
from pathlib import Path

from exitgate.observe.trivy_report import read_report
from exitgate.provision.scanner import OFFLINE, ScanTool, run_trivy
from exitgate.provision.scanner_database import VulnerabilityDatabase

_OF_NPM = ("lodash", "4.17.11")
"""Has CVE-2019-10744, critical, among others."""
_OF_SYSTEMS = "openssl"
_TYPES = {"debian": "deb", "ubuntu": "deb", "alpine": "apk"}
"""Family of a system to the type of its packages; each has had advisories for OpenSSL in all of its releases."""
_FIRST_VERSIONS = {"deb": "0.0.1-1", "apk": "0.0.1-r0"}
"""Older than any that was mended."""


def unheard_canaries(
    scanner: ScanTool, database: VulnerabilityDatabase, folder: Path, system: tuple[str, str], *, workload: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Look up a package of npm, and one of the image's own system and release, that are known to be vulnerable.

    Args:
        folder: For Trivy's reports; what lies there under the same names is replaced.
        system: Family and release, as Trivy names them; empty where it recognised none.

    Returns:
        The packages of which the database knows no vulnerability, and what could not be tried, as a limit.

    Raises:
        ObservationError: if Trivy fails, or says what can't be read.
    """
    family, release = system
    kind = _TYPES.get(family, "")
    given = [_component("npm", *_OF_NPM)]
    expected = {_OF_NPM[0]: f"the npm package {' '.join(_OF_NPM)}"}
    if kind and release:
        version = _FIRST_VERSIONS[kind]
        given.append({"type": "operating-system", "bom-ref": "system", "name": family, "version": release})
        given.append(_component(f"{kind}/{family}", _OF_SYSTEMS, version, f"?distro={family}-{release}"))
        expected[_OF_SYSTEMS] = f"{_OF_SYSTEMS} {version} in {family} {release}"
    document = folder / f"{workload}.canaries.cdx.json"
    document.write_text(
        json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": given}),
        encoding="utf-8",
    )
    report = read_report(
        run_trivy(
            scanner,
            "sbom",
            document,
            folder / f"{workload}.canaries.json",
            *("--cache-dir", str(database.cache), *OFFLINE, "--format", "json"),
        )
    )
    heard = {each.package for result in report.results for each in result.vulnerabilities}
    limits = () if kind or not family else (f"whether the database knows anything of {family} was not tried",)
    return tuple(words for name, words in expected.items() if name not in heard), limits


def _component(kind: str, name: str, version: str, qualifiers: str = "") -> dict[str, str]:
    return {
        "type": "library",
        "bom-ref": f"{kind}/{name}",
        "name": name,
        "version": version,
        "purl": f"pkg:{kind}/{name}@{version}{qualifiers}",
    }
