"""Scans of images as facts, of what a stand-in for Trivy says; of Dockerfiles by the scanners themselves."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exitgate.dockerfile import read_dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observe import canaries as canaries_module
from exitgate.observe import scan as scan_module
from exitgate.observe import secrets as secrets_module
from exitgate.observe.contents import read_contents
from exitgate.observe.misconfigurations import Misconfigurations, read_misconfigurations
from exitgate.observe.scan import ImageScan, read_scan, with_limits_of_base
from exitgate.observe.secrets import read_secrets
from exitgate.provision.scanner import ScanTool, find_hadolint, find_trivy
from exitgate.provision.scanner_database import VulnerabilityDatabase

from .archives import SUBSTRATE, Member, archive, contents, engine_with, member, saved

TRIVY = ScanTool(name="trivy", executable="/nowhere/trivy", version="0.76.0")
Says = Callable[..., None]


def report(*results: dict[str, Any], system: dict[str, Any] | None = None) -> bytes:
    return json.dumps({"SchemaVersion": 2, "Metadata": {"OS": system}, "Results": list(results)}).encode()


def vulnerable(package: str, identity: str, **more: Any) -> dict[str, Any]:
    return {"PkgName": package, "VulnerabilityID": identity, "InstalledVersion": "1", "Severity": "HIGH", **more}


@pytest.fixture
def trivy_says(monkeypatch: pytest.MonkeyPatch) -> Says:
    def put(**answers: bytes) -> None:
        def answer(_scanner: ScanTool, command: str, *_: object, **__: object) -> bytes:
            return answers[command]

        for module in (scan_module, canaries_module, secrets_module):
            monkeypatch.setattr(module, "run_trivy", answer)

    return put


def scanned(tmp_path: Path, *, age_hours: float = 1.0, substitute: str = "") -> ImageScan:
    updated = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=age_hours)
    database = VulnerabilityDatabase(cache=tmp_path, updated=updated, substitute=substitute)
    return read_scan(TRIVY, database, tmp_path / "a.tar", tmp_path, SUBSTRATE, EvidenceFolder(tmp_path), workload="web")


EMPTY_SBOM = b'{"bomFormat": "CycloneDX"}'


def test_a_scan_tells_system_packages_sbom_and_the_age_of_its_database(tmp_path: Path, trivy_says: Says) -> None:
    packages = [{"Name": "libc6", "Version": "2.36", "Release": "9"}, {"Name": "npm", "FilePath": "a/package.json"}]
    sbom = json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": "pkg:npm/a@1"}]}).encode()
    trivy_says(
        image=report({"Class": "os-pkgs", "Packages": packages}, system={"Family": "debian", "Name": "12.1"}),
        convert=sbom,
        sbom=report(),
    )
    seen = scanned(tmp_path, age_hours=50.0, substitute="a stand-in")
    assert seen.system is not None
    assert (seen.system.family, seen.system.release, seen.system.end_of_life) == ("debian", "12.1", False)
    assert [(each.name, each.version, each.path) for each in seen.packages] == [
        ("libc6", "2.36-9", ""),
        ("npm", "", "/a/package.json"),
    ]
    assert [each.name for each in seen.sbom] == ["a"]
    assert seen.database_age_hours == pytest.approx(50.0, abs=0.1)
    assert seen.substrate.substitutes == ("a stand-in",)
    assert [each.name for each in seen.substrate.tools] == ["trivy"]
    assert [each.name for each in seen.evidence] == ["sbom-web.cdx.json"]


def test_an_image_in_which_nothing_is_recognised_has_no_system_and_no_packages(
    tmp_path: Path, trivy_says: Says
) -> None:
    trivy_says(image=b'{"SchemaVersion": 2, "Results": null}', convert=EMPTY_SBOM, sbom=report())
    seen = scanned(tmp_path)
    assert (seen.system, seen.packages, seen.vulnerabilities) == (None, (), ())


def test_vulnerabilities_of_image_and_sbom_are_told_once_with_where_they_were_seen(
    tmp_path: Path, trivy_says: Says
) -> None:
    day = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3, hours=1)).isoformat()
    both = vulnerable("b", "CVE-2", PublishedDate=day, PkgPath="app/b/package.json", FixedVersion="2", Title="Bad")
    trivy_says(
        image=report({"Vulnerabilities": [both, both, vulnerable("a", "CVE-1", Severity="")]}),
        convert=EMPTY_SBOM,
        sbom=report({"Vulnerabilities": [both, vulnerable("c", "CVE-3", PublishedDate="2020-01-01T00:00:00")]}),
    )
    found = scanned(tmp_path).vulnerabilities
    assert [(each.package, each.seen_in) for each in found] == [
        ("a", ("image",)),
        ("b", ("image", "SBOM")),
        ("c", ("SBOM",)),
    ]
    assert (found[0].age_days, found[0].published, found[0].severity) == (None, "", "unknown")
    assert (found[1].age_days, found[1].path, found[1].fixed) == (3, "/app/b/package.json", "2")
    assert found[2].published == "2020-01-01"


def test_a_report_that_is_cut_is_an_error(tmp_path: Path, trivy_says: Says) -> None:
    trivy_says(image=report()[:-3], convert=EMPTY_SBOM, sbom=report())
    with pytest.raises(ObservationError, match="can't be read as one"):
        scanned(tmp_path)


def test_programs_of_the_base_image_that_no_package_tells_of_are_limits_by_name(
    tmp_path: Path, trivy_says: Says
) -> None:
    trivy_says(image=report(), convert=EMPTY_SBOM, sbom=report())
    seen = contents(archive(*(member(f"opt/tool{number}", b"\x7fELF" + bytes(8)) for number in range(7))))
    scan = scanned(tmp_path)
    assert with_limits_of_base(scan, seen) == scan
    base = {path: (entry, replace(layer, from_base=True)) for path, (entry, layer) in seen.entries.items()}
    limits = with_limits_of_base(scan, replace(seen, entries=base)).substrate.limits
    assert "/opt/tool0, /opt/tool1, /opt/tool2, /opt/tool3, /opt/tool4 and 2 more" in limits[-1]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("etc/debian_version", b"12.9\n", ""),
        ("etc/debian_version", b"99.1\n", "debian_version says 99, and 12 in the base image"),
        ("etc/os-release", b'ID=debian\nVERSION_ID="14"\n', "os-release says ID=debian VERSION_ID=14"),
        ("etc/os-release", b'ID=debian\nVERSION_ID="12"\nVARIANT=ours\n', ""),
        ("etc/lsb-release", b"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=99.04\n", "and nothing in the base image"),
        ("etc/.wh.debian_version", b"", "debian_version says nothing"),
    ],
)
def test_a_release_that_own_layers_change_is_pretended(
    path: str, content: bytes, words: str, tmp_path: Path, trivy_says: Says
) -> None:
    trivy_says(image=report(system={"Family": "debian", "Name": "12.5"}), convert=EMPTY_SBOM, sbom=report())
    base = archive(
        member("usr/lib/os-release", b'NAME=x\nID=debian\nVERSION_ID="12"\n'), member("etc/debian_version", b"12.5\n")
    )
    layers = [f"sha256:{hashlib.sha256(base).hexdigest()}"]
    sent = saved(base, archive(member(path, content)))
    seen = read_contents(engine_with([sent], {}, base=layers), "sha256:x", ["base"], SUBSTRATE)
    pretended = with_limits_of_base(scanned(tmp_path), seen).pretended
    assert words in pretended
    assert bool(pretended) is bool(words)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "os-release says ID=debian VERSION_ID=12, and the base image tells of no release"),
        (
            (member("var/lib/dpkg/status", b""),),
            "os-release says ID=debian VERSION_ID=12, and the base image tells of no release",
        ),
        ((member("var/lib/dpkg/status", b"Package: libc6\nStatus: install ok installed\nVersion: 2\n"),), ""),
    ],
)
def test_a_release_that_the_base_image_does_not_have_is_pretended_unless_its_packages_come_along(
    more: tuple[Member, ...], words: str, tmp_path: Path, trivy_says: Says
) -> None:
    trivy_says(image=report(system={"Family": "debian", "Name": "12.5"}), convert=EMPTY_SBOM, sbom=report())
    base = archive(member("bin/busybox", b"x"))
    own = archive(member("etc/os-release", b"ID=debian\nVERSION_ID=12\n"), *more)
    layers = [f"sha256:{hashlib.sha256(base).hexdigest()}"]
    seen = read_contents(engine_with([saved(base, own)], {}, base=layers), "sha256:x", ["base"], SUBSTRATE)
    assert with_limits_of_base(scanned(tmp_path), seen).pretended == words


def test_code_for_another_runtime_that_no_package_brings_is_a_limit_by_name(tmp_path: Path, trivy_says: Says) -> None:
    trivy_says(image=report(system={"Family": "debian", "Name": "12.5"}), convert=EMPTY_SBOM, sbom=report())
    wasm = b"\x00asm\x01\x00\x00\x00"
    of_npm = (member("app/node_modules/a/package.json", b"{}"), member("app/node_modules/a/b.wasm", wasm))
    seen = contents(archive(member("app/b.wasm", wasm), member("app/tool.py", b"pass"), *of_npm))
    assert [entry.path for entry, _ in seen.unpackaged_foreign_code] == ["/app/b.wasm", "/app/tool.py"]
    assert (
        "no package tells what /app/b.wasm, /app/tool.py hold"
        in with_limits_of_base(scanned(tmp_path), seen).substrate.limits
    )


def test_a_release_that_the_scanner_takes_for_another_one_is_misread(tmp_path: Path, trivy_says: Says) -> None:
    trivy_says(image=report(system={"Family": "debian", "Name": "99.1"}), convert=EMPTY_SBOM, sbom=report())
    alone = contents(archive(member("etc/os-release", b"ID=debian\nVERSION_ID=12\n")))
    assert "takes it for 99.1" in with_limits_of_base(scanned(tmp_path), alone).misread


def test_what_a_program_holds_is_located_at_the_program(tmp_path: Path, trivy_says: Says) -> None:
    module = {"Target": "app/server", "Class": "lang-pkgs", "Type": "gobinary", "Packages": [{"Name": "stdlib"}]}
    trivy_says(image=report(module), convert=EMPTY_SBOM, sbom=report())
    assert [each.path for each in scanned(tmp_path).packages] == ["/app/server"]


def test_secrets_of_files_and_of_the_configuration_are_told_apart(tmp_path: Path, trivy_says: Says) -> None:
    path = tmp_path / "a.tar"
    trivy_says(
        image=report(
            {
                "Target": "/app/key.txt",
                "Secrets": [
                    {"RuleID": "pat", "Title": "Token", "StartLine": 2, "Layer": {"DiffID": "d", "CreatedBy": "COPY x"}}
                ],
            },
            {
                "Target": str(path),
                "Secrets": [
                    {"RuleID": "pat", "Title": "Token", "StartLine": 84, "Match": '  "TOKEN=****",'},
                    {"RuleID": "pat", "Title": "Token", "StartLine": 21, "Match": 'by": "ENV TOKEN=****",'},
                ],
            },
        )
    )
    seen = read_secrets(TRIVY, path, tmp_path, SUBSTRATE, workload="web")
    configured, filed = seen.secrets
    assert (configured.path, configured.variables) == ("", ("TOKEN",))
    assert (filed.path, filed.line, filed.layer, filed.made_by) == ("/app/key.txt", 2, "d", "COPY x")
    assert "node_modules" in seen.substrate.limits[-1]


def test_an_image_without_secrets_has_none(tmp_path: Path, trivy_says: Says) -> None:
    trivy_says(image=report())
    assert read_secrets(TRIVY, tmp_path / "a.tar", tmp_path, SUBSTRATE, workload="web").secrets == ()


DOCKERFILE = """\
FROM debian:12.1 AS build
# hadolint ignore=DL3002
USER root
RUN ["true"]

FROM debian:12.1
# hadolint global ignore=DL3020
# trivy:ignore:DS-0004
EXPOSE 22
ADD a.txt /a.txt
ENV DB_PASSWORD=x
USER 10001:10001
"""
CONFIGURATION = {"Env": ["PATH=/bin", "DB_PASSWORD=x"], "User": "10001:10001", "ExposedPorts": {"22/tcp": {}}}


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Misconfigurations]:
    def at(text: str = DOCKERFILE, **configuration: Any) -> Misconfigurations:
        try:
            tools = find_trivy(), find_hadolint()
        except PrerequisiteMissing as error:
            pytest.skip(str(error))
        root = tmp_path / "target"
        root.mkdir()
        (root / "Dockerfile").write_text(text, encoding="utf-8")
        (root / ".trivyignore").write_text("DS-0004\n", encoding="utf-8")
        return read_misconfigurations(
            *tools,
            root,
            read_dockerfile(root, "Dockerfile"),
            None,
            configuration or CONFIGURATION,
            tmp_path / "scans",
            SUBSTRATE,
        )

    return at


def test_both_scanners_are_heard_and_no_suppression_is_obeyed(look: Callable[..., Misconfigurations]) -> None:
    seen = look()
    found = {(each.location, each.rule): each.severity for each in seen.found}
    assert found["Dockerfile:9", "DS-0004"] == "medium"
    assert found["Dockerfile:10", "DL3020"] == "high"
    assert found["Dockerfile:11", "DS-0031"] == "critical"
    assert found["Dockerfile:6", "DS-0026"] == "low"
    assert seen.rules_tried > 20
    assert [each.location for each in seen.suppressions] == [
        ".trivyignore",
        "Dockerfile:2",
        "Dockerfile:7",
        "Dockerfile:8",
    ]
    assert sum("is not obeyed" in limit for limit in seen.substrate.limits) == 4


def test_root_in_a_build_stage_is_nobodys_and_the_users_of_the_image_decides(
    look: Callable[..., Misconfigurations],
) -> None:
    assert not {"DS-0002", "DL3002"} & {each.rule for each in look().found}


@pytest.mark.parametrize("user", ["", "root", "0", "000:000", "0:10001"])
def test_an_image_that_runs_as_root_is_found_whatever_its_dockerfile_says(
    look: Callable[..., Misconfigurations], user: str
) -> None:
    seen = look(User=user, Healthcheck={"Test": ["CMD", "/check"]})
    assert [(each.location, each.severity) for each in seen.found if each.rule == "DS-0002"] == [
        ("Dockerfile:12", "high")
    ]
    assert "DS-0026" not in {each.rule for each in seen.found}


def test_a_clean_dockerfile_and_image_have_nothing_against_them(look: Callable[..., Misconfigurations]) -> None:
    text = 'FROM debian:12.1\nCOPY a.txt /a.txt\nUSER 10001:10001\nHEALTHCHECK CMD ["/check"]\nENTRYPOINT ["/run"]\n'
    seen = look(
        text,
        Env=['GREETING=say "hi" $HOME'],
        User="10001:10001",
        Healthcheck={"Test": ["CMD", "/check"]},
        Entrypoint=["/run"],
        Cmd=["x"],
    )
    assert seen.found == ()
