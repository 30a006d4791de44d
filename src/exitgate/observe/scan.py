"""What the scanner sees of an image: its system, packages and vulnerabilities, and the SBOM with what is vulnerable by that."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.dockerfile import ImageUse
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.canaries import unheard_canaries
from exitgate.observe.contents import RELEASES, ImageContents
from exitgate.observe.layers import Nature
from exitgate.observe.packages import tells_of_os_packages
from exitgate.observe.trivy_report import (
    ListedPackage,
    ReportedVulnerability,
    TrivyReport,
    read_report,
    read_sbom,
)
from exitgate.provision.scanner import OFFLINE, ScanTool, run_trivy
from exitgate.provision.scanner_database import VulnerabilityDatabase

OS_PACKAGES = "os-pkgs"
_IMAGE, _SBOM = "image", "SBOM"
_MOST_NAMED = 5
_PROGRAMS_THAT_TELL = frozenset({"gobinary", "rustbinary"})
"""Programs that hold the list of what they were built of; Trivy reads it from the file itself."""
_FIELD = re.compile(r"^(ID|VERSION_ID|DISTRIB_ID|DISTRIB_RELEASE)=(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The operating system that the scanner recognised."""

    family: str
    release: str
    end_of_life: bool
    """Nobody mends it any more, and advisories stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPackage:
    """A package that the scanner read."""

    kind: str
    """Of the operating system (``os-pkgs``), or of a language (``lang-pkgs``)."""
    name: str
    version: str
    path: str
    """Of its manifest or of the program that holds it, absolute in the image; empty for packages of the operating system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A known vulnerability of a package."""

    id: str
    title: str
    package: str
    installed: str
    path: str
    """Of the package's manifest, absolute in the image; empty where it has none of its own."""
    fixed: str
    """The versions without it; empty where there is none."""
    severity: str
    """In lower case, ``unknown`` where nobody has ranked it."""
    published: str
    """The day, ISO 8601; empty where nobody says."""
    age_days: int | None
    """Whole days from publication to the scan; nothing where no day is known."""
    seen_in: tuple[str, ...]
    """``image``, ``SBOM`` or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOrigin:
    """An image from outside that holds a program of the target's own layers, byte for byte."""

    path: str
    """Of the program, in the target's image."""
    image: ImageUse


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageScan(Observation):
    """A scan of an image and of its SBOM."""

    image: str
    """What messages call it."""
    system: System | None
    """Nothing where the scanner recognised none."""
    packages: tuple[ScannedPackage, ...]
    sbom: tuple[ListedPackage, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    """Sorted by package and id."""
    database_age_hours: float
    """From when the database was put together to the scan."""
    unheard: tuple[str, ...] = ()
    """Packages in which every database of the image's kind knows vulnerabilities, and this one knows none."""
    origins: tuple[ProgramOrigin, ...] = ()
    """Where programs of own layers come from that no package tells of, as far as an image that the Dockerfile names has them."""
    self_told: bool = False
    """Whether it holds no system at all, and every program in it lists what it was built of, as Go's do."""
    pretended: str = ""
    """How the target's own layers change which release the base image says that it is, as a clause; empty where they don't."""
    misread: str = ""
    """How the scanner takes the image for another release than its files tell of, as a clause; empty where it does not."""


def read_scan(
    scanner: ScanTool,
    database: VulnerabilityDatabase,
    archive: Path,
    folder: Path,
    substrate: Substrate,
    keep: EvidenceFolder,
    *,
    workload: str,
) -> ImageScan:
    """Scan an image that an engine saved, make an SBOM of what was found, and scan that.

    Args:
        folder: For Trivy's reports; what lies there under the same names is replaced.

    Raises:
        ObservationError: if Trivy fails, or says what can't be read.
    """
    now = datetime.datetime.now(datetime.UTC)
    given = ("--cache-dir", str(database.cache), *OFFLINE, "--format", "json")
    report_path, sbom_path = folder / f"{workload}.json", folder / f"{workload}.cdx.json"
    report = read_report(
        run_trivy(
            scanner,
            "image",
            archive,
            report_path,
            *("--cache-backend", "memory", "--scanners", "vuln", "--list-all-pkgs", *given),
            option="--input",
        )
    )
    sbom = run_trivy(scanner, "convert", report_path, sbom_path, "--format", "cyclonedx")
    by_sbom = read_report(run_trivy(scanner, "sbom", sbom_path, folder / f"{workload}.by-sbom.json", *given))
    system = report.metadata.system
    unheard, limits = unheard_canaries(scanner, database, folder, (system.family, system.release), workload=workload)
    return ImageScan(
        substrate=replace(
            substrate,
            name=f"scan by Trivy {scanner.version} with a vulnerability database of {database.updated:%Y-%m-%d}",
            limits=(*substrate.limits, *limits),
            substitutes=(*substrate.substitutes, *((database.substitute,) if database.substitute else ())),
            tools=(*substrate.tools, scanner.tool),
        ),
        evidence=(keep.keep(f"sbom-{workload}.cdx.json", sbom),),
        image=f"image of {workload}",
        system=System(family=system.family, release=system.release, end_of_life=system.end_of_life)
        if system.family
        else None,
        packages=tuple(_packages(report)),
        sbom=read_sbom(sbom),
        vulnerabilities=_vulnerabilities(report, by_sbom, now),
        database_age_hours=(now - database.updated).total_seconds() / 3600,
        unheard=unheard,
    )


def with_limits_of_base(scan: ImageScan, contents: ImageContents) -> ImageScan:
    """Return the scan beside what the base image is.

    The base's own executables that belong to no package are limits, by name, and so is code for another runtime than Node.js that
    no package brings: whether it is the target's own nobody can tell. A release is pretended where the target's own
    layers changed the files that tell it: of one that it does not know, Trivy finds nothing.
    """
    if _is_self_told(scan, contents):
        limit = "the image holds no system: its programs' own lists of modules are all that a scanner can read"
        scan = replace(scan, self_told=True, substrate=replace(scan.substrate, limits=(*scan.substrate.limits, limit)))
    scan = replace(scan, pretended=_pretended(contents), misread=_misread(scan, contents))
    told = {package.path for package in scan.packages}
    of_base = [entry.path for entry, layer in contents.unpackaged_executables if layer.from_base]
    foreign = [entry.path for entry, _ in contents.unpackaged_foreign_code if entry.path not in told]
    limits = tuple(
        f"no package tells what {whose}{_several(paths)} hold"
        for whose, paths in (("the base image's ", of_base), ("", foreign))
        if paths
    )
    return replace(scan, substrate=replace(scan.substrate, limits=(*scan.substrate.limits, *limits)))


def _several(paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return f"{', '.join(paths[:_MOST_NAMED])}{more}"


def _is_self_told(scan: ImageScan, contents: ImageContents) -> bool:
    programs = {path for path, (entry, _) in contents.entries.items() if Nature.ELF in entry.nature}
    told = {package.path for package in scan.packages if package.path}
    nothing_else = scan.system is None and not contents.os_packages and not contents.unreadable_databases
    return nothing_else and not any(path in contents.texts for path in RELEASES) and bool(programs) and programs <= told


def _pretended(contents: ImageContents) -> str:
    told, of_base = _releases(contents.texts), _releases(contents.base_texts)
    if told and not of_base and any(layer.from_base for layer in contents.layers):
        # What is copied with its packages is another system, and no pretence; an empty database is one of no packages.
        brought = bool(contents.os_packages or contents.unreadable_databases) and any(
            not layer.from_base and tells_of_os_packages(path) for path, (_, layer) in contents.entries.items()
        )
        kind, says = min(told.items())
        return "" if brought else f"{kind} says {says}, and the base image tells of no release"
    for kind in sorted(told.keys() | of_base.keys()) if of_base else ():
        if told.get(kind) != of_base.get(kind):
            return f"{kind} says {told.get(kind, 'nothing')}, and {of_base.get(kind, 'nothing')} in the base image"
    return ""


def _misread(scan: ImageScan, contents: ImageContents) -> str:
    told = _releases(contents.texts).get("os-release", "")
    version = re.search(r"VERSION_ID=(\d+)", told)
    recognised = re.match(r"\d+", scan.system.release) if scan.system else None
    if version and recognised and recognised[0] != version[1]:
        return f"the scanner takes it for {recognised.string}, and os-release says {told}"
    return ""


def _releases(texts: dict[str, bytes]) -> dict[str, str]:
    """Return ``{file name: what it tells of the system}`` as far as advisories are kept apart by it."""
    told: dict[str, str] = {}
    for path in RELEASES:
        name, text = path.rpartition("/")[2], texts.get(path, b"").decode("utf-8", "replace")
        if path not in texts or name in told:
            continue
        if name == "debian_version":
            # Point releases share their advisories, and an upgrade of packages brings the next one.
            told[name] = text.strip().partition(".")[0]
        elif name == "alpine-release":
            told[name] = ".".join(text.strip().split(".")[:2])
        else:
            fields = [(key, value.strip("\"'")) for key, value in _FIELD.findall(text)]
            minor = dict(fields).get("ID") == "alpine"
            told[name] = " ".join(
                f"{key}={'.'.join(value.split('.')[:2]) if minor else value}" for key, value in fields
            )
    return told


def _packages(report: TrivyReport) -> Iterator[ScannedPackage]:
    for result in report.results:
        for package in result.packages:
            yield ScannedPackage(
                kind=result.kind,
                name=package.name,
                version="-".join(filter(None, (package.version, package.release))),
                path=_absolute(package.path or (result.target if result.format in _PROGRAMS_THAT_TELL else "")),
            )


def _vulnerabilities(image: TrivyReport, sbom: TrivyReport, now: datetime.datetime) -> tuple[Vulnerability, ...]:
    """Return what either scan found, each once."""
    found: dict[tuple[str, str, str, str], Vulnerability] = {}
    for where, report in ((_IMAGE, image), (_SBOM, sbom)):
        for result in report.results:
            for each in result.vulnerabilities:
                key = (each.package, each.id, each.installed, each.path)
                seen = found.get(key) or _vulnerability(each, now)
                found[key] = replace(seen, seen_in=tuple(dict.fromkeys((*seen.seen_in, where))))
    return tuple(found[key] for key in sorted(found))


def _vulnerability(each: ReportedVulnerability, now: datetime.datetime) -> Vulnerability:
    published = each.published
    if published is not None and published.tzinfo is None:
        published = published.replace(tzinfo=datetime.UTC)
    return Vulnerability(
        id=each.id,
        title=each.title,
        package=each.package,
        installed=each.installed,
        path=_absolute(each.path),
        fixed=each.fixed,
        severity=each.severity.lower() or "unknown",
        published=published.date().isoformat() if published else "",
        age_days=(now - published).days if published else None,
        seen_in=(),
    )


def _absolute(path: str) -> str:
    return f"/{path.lstrip('/')}" if path else ""
