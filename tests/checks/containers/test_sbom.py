"""Rules on what an SBOM leaves out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from exitgate.checks.containers import incomplete_sboms
from exitgate.dockerfile import ImageUse, parse_dockerfile
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents, read_contents
from exitgate.observe.program_origins import Lender, lenders, with_program_origins
from exitgate.observe.scan import ImageScan, ScannedPackage
from exitgate.observe.trivy_report import ListedPackage
from tests.observe.archives import SUBSTRATE, archive, contents, engine_with, member, saved

from .builders import policy
from .scans import scan

STATUS = b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n"
ELF = b"\x7fELF" + bytes(60)


def unlisted(seen: ImageScan, held: ImageContents) -> list[Finding]:
    return incomplete_sboms(seen, held, policy(base_image=[]))


def image(*more: tuple[str, bytes]) -> ImageContents:
    files = {
        "var/lib/dpkg/status": STATUS,
        "app/node_modules/lodash/package.json": b'{"name": "lodash", "version": "4.17.11"}',
        **dict(more),
    }
    return contents(archive(*(member(name, content) for name, content in files.items())))


def test_an_sbom_with_every_package_of_the_files_is_complete() -> None:
    assert unlisted(scan(), image()) == []


def test_each_npm_package_that_is_left_out_is_a_finding() -> None:
    (finding,) = unlisted(scan(), image(("app/node_modules/@a/b/package.json", b'{"version": "1.0.0"}')))
    assert finding.location == "image:/app/node_modules/@a/b/package.json"
    assert finding.message == "the SBOM leaves out @a/b 1.0.0, which the image holds"


def test_another_version_of_the_same_package_does_not_stand_for_it() -> None:
    sbom = (ListedPackage(kind="npm", name="lodash", version="4.17.21"), scan().sbom[0])
    assert [each.location for each in unlisted(scan(sbom=sbom), image())] == [
        "image:/app/node_modules/lodash/package.json"
    ]


def test_a_package_of_the_system_that_is_left_out_is_a_finding() -> None:
    (finding,) = unlisted(scan(sbom=scan().sbom[1:]), image())
    assert finding.location == "image:libc6"
    assert finding.message == "the SBOM leaves out libc6 2.36-9, which the image holds"


def test_a_folder_without_a_version_is_no_package() -> None:
    assert unlisted(scan(), image(("app/node_modules/x/package.json", b'{"type": "module"}'))) == []


def test_a_program_of_no_package_is_a_finding() -> None:
    (finding,) = unlisted(scan(), image(("usr/local/bin/agent", ELF)))
    assert finding.location == "image:/usr/local/bin/agent"
    assert "belongs to no package" in finding.message
    assert finding.got.startswith("an ELF file of 64 bytes")


def test_a_program_that_a_package_of_npm_or_of_the_system_brings_is_none() -> None:
    seen = image(
        ("app/node_modules/lodash/native.node", ELF),
        ("usr/lib/libc.so.6", ELF),
        ("var/lib/dpkg/info/libc6.list", b"/usr/lib/libc.so.6\n"),
    )
    assert unlisted(scan(), seen) == []


def test_a_program_of_the_base_image_is_not_the_targets_to_name() -> None:
    seen = image(("usr/local/bin/agent", ELF))
    base = {path: (entry, replace(layer, from_base=True)) for path, (entry, layer) in seen.entries.items()}
    assert unlisted(scan(), replace(seen, entries=base)) == []


def test_an_image_whose_files_tell_of_no_package_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="not one package"):
        unlisted(scan(sbom=()), contents(archive(member("app/main.js", b"1"))))


def test_a_database_that_cannot_be_read_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="can't be read here"):
        unlisted(scan(), image(("var/lib/rpm/rpmdb.sqlite", b"SQLite")))


def test_a_program_that_tells_itself_of_what_it_was_built_is_known() -> None:
    module = ScannedPackage(kind="lang-pkgs", name="stdlib", version="v1.27.2", path="/app/server")
    assert unlisted(scan(packages=(module,)), image(("app/server", ELF))) == []


def test_libraries_that_the_database_of_the_base_tells_of_and_the_image_no_longer_does_are_a_finding() -> None:
    status = STATUS + b"\nPackage: openssl\nStatus: install ok installed\nVersion: 3.0.1-1\n"
    base = archive(
        member("var/lib/dpkg/status", status),
        member("var/lib/dpkg/info/openssl.list", b"/usr/lib/libssl.so.3\n/usr/bin/openssl\n"),
        member("usr/lib/libssl.so.3", ELF),
        member("usr/bin/openssl", ELF),
    )
    edited, cleaned = archive(member("var/lib/dpkg/status", STATUS)), archive(member("usr/lib/.wh.libssl.so.3"))

    def findings(*layers: bytes) -> list[str]:
        listed = (scan().sbom[0], ListedPackage(kind="deb", name="openssl", version="3.0.1-1"))
        found = [f"sha256:{hashlib.sha256(base).hexdigest()}"]
        seen = read_contents(engine_with([saved(base, *layers)], {}, base=found), "sha256:x", ["base"], SUBSTRATE)
        return [each.got for each in unlisted(scan(sbom=listed), seen)]

    assert findings(archive(member("app/main.js", b"1"))) == []
    assert findings(edited) == ["/usr/bin/openssl, /usr/lib/libssl.so.3"]
    assert findings(edited, cleaned, archive(member("usr/bin/.wh.openssl"))) == []


DIGEST = f"sha256:{'a' * 64}"
DOCKERFILE = parse_dockerfile(
    f"""FROM docker.io/library/node:22@{DIGEST} AS node
FROM debian:12 AS build
COPY --from=node /usr/local/bin/node /out/node
FROM scratch
COPY --from=build /out /usr/local/bin
""",
    "Dockerfile",
)
LISTED = policy(base_image=[{"repository": "docker.io/library/node", "tag": "22", "digests": [DIGEST]}])


def with_origins(program: bytes, lent: bytes) -> tuple[ImageScan, ImageContents]:
    held = image(("usr/local/bin/node", program))
    other, node = contents(archive(member("x", b"x"))), contents(archive(member("usr/local/bin/node", lent)))

    def read(lender: Lender) -> ImageContents:
        return node if "node" in lender.reference else other

    return with_program_origins(scan(), held, lenders(DOCKERFILE, {}, {}, None), read), held


def test_the_images_that_files_may_come_from_are_followed_through_stages() -> None:
    found = [each.reference for each in lenders(DOCKERFILE, {}, {}, None)]
    assert sorted(found) == ["debian:12", f"docker.io/library/node:22@{DIGEST}"]


def test_a_program_of_an_image_that_the_policy_lists_is_a_limit() -> None:
    seen, held = with_origins(ELF, ELF)
    assert incomplete_sboms(seen, held, LISTED) == []
    assert seen.substrate.limits[-1].startswith(
        "no package tells what /usr/local/bin/node holds; it is a file of docker.io"
    )


def test_a_program_of_an_image_that_nobody_listed_is_a_finding_that_names_it() -> None:
    (finding,) = unlisted(*with_origins(ELF, ELF))
    assert f"it is of docker.io/library/node:22@{DIGEST}, which the policy does not list" in finding.got


def test_a_program_that_was_changed_after_it_was_copied_comes_from_nowhere() -> None:
    seen, held = with_origins(ELF + b"x", ELF)
    assert seen.origins == ()
    assert "policy" not in incomplete_sboms(seen, held, LISTED)[0].got


def test_no_image_is_read_where_every_program_belongs_to_a_package() -> None:
    def read(lender: Lender) -> ImageContents:
        raise AssertionError(lender)

    use = ImageUse(line=1, how="FROM", written="a", text="a")
    assert with_program_origins(scan(), image(), (Lender(use=use, reference="a"),), read) == scan()
