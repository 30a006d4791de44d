"""Trivy's reports and SBOMs, whole, empty and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.trivy_report import ListedPackage, read_report, read_sbom


def report(*results: dict[str, Any], **metadata: Any) -> bytes:
    return json.dumps({"SchemaVersion": 2, "Metadata": metadata, "Results": list(results), "New": 1}).encode()


def sbom(*purls: str | None) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": purl} for purl in purls]}).encode()


def test_a_report_tells_system_packages_and_vulnerabilities() -> None:
    read = read_report(
        report(
            {
                "Target": "Node.js",
                "Class": "lang-pkgs",
                "Packages": [{"Name": "lodash", "Version": "4.17.11", "FilePath": "app/package.json"}],
                "Vulnerabilities": [
                    {"VulnerabilityID": "CVE-1", "PkgName": "lodash", "PublishedDate": "2019-07-26T00:15:11.257Z"}
                ],
            },
            OS={"Family": "debian", "Name": "9.13", "EOSL": True},
        )
    )
    assert (read.metadata.system.family, read.metadata.system.end_of_life) == ("debian", True)
    assert read.results[0].packages[0].path == "app/package.json"
    assert read.results[0].vulnerabilities[0].published is not None
    assert read.results[0].vulnerabilities[0].published.year == 2019


@pytest.mark.parametrize(
    "content", [b'{"SchemaVersion": 2}', b'{"SchemaVersion": 2, "Results": null, "Metadata": null}']
)
def test_a_report_about_nothing_is_an_empty_one(content: bytes) -> None:
    read = read_report(content)
    assert (read.results, read.metadata.system.family) == ((), "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "can't be read as one"),
        (b"[]", "can't be read as one"),
        (b"{}", "can't be read as one"),
        (b'{"SchemaVersion": 3}', "schema version 3"),
        (b'{"SchemaVersion": 2, "Results": [{"Packages": [{}]}]}', "can't be read as one"),
        (b'{"SchemaVersion": 2, "Results": "none"}', "can't be read as one"),
        (b"\xff\xfe", "can't be read as one"),
    ],
)
def test_what_is_no_report_is_one_clear_error(content: bytes, words: str) -> None:
    with pytest.raises(ObservationError, match=words) as raised:
        read_report(content)
    assert "\n" not in str(raised.value)


def test_an_sbom_lists_packages_by_their_purl() -> None:
    listed = read_sbom(
        sbom(
            "pkg:npm/%40fastify/error@4.2.1",
            "pkg:npm/lodash@4.17.11",
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12.11",
            "pkg:deb/debian/openssl@3.0-1?arch=amd64&epoch=1",
            "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64",
            "pkg:golang/golang.org/x/sync@v0.21.0",
            "pkg:npm/lodash@4.17.11",
            None,
            "no purl",
            "pkg:npm/unversioned",
        )
    )
    assert listed == (
        ListedPackage(kind="apk", name="musl", version="1.2.5-r0"),
        ListedPackage(kind="deb", name="libstdc++6", version="12.2.0-14+deb12u1"),
        ListedPackage(kind="deb", name="openssl", version="1:3.0-1"),
        ListedPackage(kind="golang", name="golang.org/x/sync", version="v0.21.0"),
        ListedPackage(kind="npm", name="@fastify/error", version="4.2.1"),
        ListedPackage(kind="npm", name="lodash", version="4.17.11"),
    )


def test_an_empty_sbom_lists_nothing() -> None:
    assert read_sbom(sbom()) == ()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"bomFormat": "SPDX"}'])
def test_what_is_no_sbom_is_one_clear_error(content: bytes) -> None:
    with pytest.raises(ObservationError, match="the SBOM: "):
        read_sbom(content)
