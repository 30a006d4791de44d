"""Rules on what an SBOM leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.checks.containers import incomplete_sboms
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.contents import ImageContents
from exitgate.observe.trivy_report import ListedPackage
from tests.observe.archives import archive, contents, member

from .scans import scan

STATUS = b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n"
ELF = b"\x7fELF" + bytes(60)


def image(*more: tuple[str, bytes]) -> ImageContents:
    files = {
        "var/lib/dpkg/status": STATUS,
        "app/node_modules/lodash/package.json": b'{"name": "lodash", "version": "4.17.11"}',
        **dict(more),
    }
    return contents(archive(*(member(name, content) for name, content in files.items())))


def test_an_sbom_with_every_package_of_the_files_is_complete() -> None:
    assert incomplete_sboms(scan(), image()) == []


def test_each_npm_package_that_is_left_out_is_a_finding() -> None:
    (finding,) = incomplete_sboms(scan(), image(("app/node_modules/@a/b/package.json", b'{"version": "1.0.0"}')))
    assert finding.location == "image:/app/node_modules/@a/b/package.json"
    assert finding.message == "the SBOM leaves out @a/b 1.0.0, which the image holds"


def test_another_version_of_the_same_package_does_not_stand_for_it() -> None:
    sbom = (ListedPackage(kind="npm", name="lodash", version="4.17.21"), scan().sbom[0])
    assert [each.location for each in incomplete_sboms(scan(sbom=sbom), image())] == [
        "image:/app/node_modules/lodash/package.json"
    ]


def test_a_package_of_the_system_that_is_left_out_is_a_finding() -> None:
    (finding,) = incomplete_sboms(scan(sbom=scan().sbom[1:]), image())
    assert finding.location == "image:libc6"
    assert finding.message == "the SBOM leaves out libc6 2.36-9, which the image holds"


def test_a_folder_without_a_version_is_no_package() -> None:
    assert incomplete_sboms(scan(), image(("app/node_modules/x/package.json", b'{"type": "module"}'))) == []


def test_a_program_of_no_package_is_a_finding() -> None:
    (finding,) = incomplete_sboms(scan(), image(("usr/local/bin/agent", ELF)))
    assert finding.location == "image:/usr/local/bin/agent"
    assert "belongs to no package" in finding.message
    assert finding.got.startswith("an ELF file of 64 bytes")


def test_a_program_that_a_package_of_npm_or_of_the_system_brings_is_none() -> None:
    seen = image(
        ("app/node_modules/lodash/native.node", ELF),
        ("usr/lib/libc.so.6", ELF),
        ("var/lib/dpkg/info/libc6.list", b"/usr/lib/libc.so.6\n"),
    )
    assert incomplete_sboms(scan(), seen) == []


def test_a_program_of_the_base_image_is_not_the_targets_to_name() -> None:
    seen = image(("usr/local/bin/agent", ELF))
    base = {path: (entry, replace(layer, from_base=True)) for path, (entry, layer) in seen.entries.items()}
    assert incomplete_sboms(scan(), replace(seen, entries=base)) == []


def test_an_image_whose_files_tell_of_no_package_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="not one package"):
        incomplete_sboms(scan(sbom=()), contents(archive(member("app/main.js", b"1"))))


def test_a_database_that_cannot_be_read_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="can't be read here"):
        incomplete_sboms(scan(), image(("var/lib/rpm/rpmdb.sqlite", b"SQLite")))
