"""What a container sees of an image's layers, what stays hidden in them, and what packages its files tell of."""

from __future__ import annotations

import tarfile

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.layers import Kind, followed, hidden
from exitgate.observe.packages import NpmPackage, OsPackage

from .archives import Member, archive, contents, folder, link, member


def paths(*layers: tuple[Member, ...]) -> list[str]:
    return sorted(contents(*(archive(*layer) for layer in layers)).entries)


def concealed(*layers: tuple[Member, ...]) -> list[str]:
    seen = contents(*(archive(*layer) for layer in layers))
    return [entry.path for entry, _ in hidden(seen.layers, seen.entries)]


def test_a_later_layer_replaces_and_adds() -> None:
    lower, upper = (member("a", b"1"), member("b", b"1")), (member("b", b"22"), member("c", b"1"))
    seen = contents(archive(*lower), archive(*upper))
    assert {path: entry.size_bytes for path, (entry, _) in seen.entries.items()} == {"/a": 1, "/b": 2, "/c": 1}
    assert [seen.layers.index(layer) for _, layer in seen.entries.values()] == [0, 1, 1]
    assert concealed(lower, upper) == ["/b"]
    assert seen.size_bytes == 5


def test_a_whiteout_hides_a_file_or_all_of_a_folder_and_stays_no_file_itself() -> None:
    lower = (folder("d"), member("d/a", b"1"), member("d/deep/b", b"1"), member("keep", b"1"), member("dd", b"1"))
    assert paths(lower, (member("d/.wh.a"),)) == ["/d", "/d/deep/b", "/dd", "/keep"]
    assert paths(lower, (member(".wh.d"),)) == ["/dd", "/keep"]
    assert concealed(lower, (member(".wh.d"),)) == ["/d", "/d/a", "/d/deep/b"]


def test_an_opaque_folder_hides_what_was_below_and_keeps_what_its_own_layer_brings() -> None:
    lower = (folder("d"), member("d/a", b"1"), member("d/b", b"1"))
    for upper in (
        (folder("d"), member("d/.wh..wh..opq"), member("d/b", b"2")),
        (member("d/b", b"2"), member("d/.wh..wh..opq")),
    ):
        assert paths(lower, upper) == ["/d", "/d/b"]


def test_a_whiteout_of_its_own_layers_file_does_not_hide_it() -> None:
    assert paths((member("a", b"1"),), (member(".wh.a"), member("a", b"2"))) == ["/a"]


def test_bookkeeping_of_older_union_file_systems_is_no_file_and_hides_nothing() -> None:
    assert paths((member("a", b"1"),), (folder(".wh..wh.plnk"), member(".wh..wh.aufs"))) == ["/a"]


def test_a_file_in_a_folders_place_takes_all_of_it_away() -> None:
    assert paths((folder("d"), member("d/a", b"1")), (member("d", b"x"),)) == ["/d"]
    assert paths((member("d", b"x"),), (folder("d"), member("d/a", b"1"))) == ["/d", "/d/a"]


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/bin/sh", "/usr/bin/dash"),
        ("/bin/../bin/./sh", "/usr/bin/dash"),
        ("/usr/bin/dash", "/usr/bin/dash"),
        ("/up", "/usr/bin/dash"),
        ("/loop", None),
        ("/a", None),
        ("/nowhere", None),
        ("/bin/none", None),
    ],
)
def test_links_are_followed_as_a_kernel_would(path: str, leads: str | None) -> None:
    seen = contents(
        archive(
            folder("usr"),
            folder("usr/bin"),
            member("usr/bin/dash", b"x"),
            link("bin", tarfile.SYMTYPE, "usr/bin"),
            link("usr/bin/sh", tarfile.SYMTYPE, "dash"),
            link("up", tarfile.SYMTYPE, "../../../usr/bin/sh"),
            link("loop", tarfile.SYMTYPE, "loop"),
            link("a", tarfile.SYMTYPE, "b"),
            link("b", tarfile.SYMTYPE, "a"),
        )
    ).entries
    found = followed(path, seen)
    assert (found.path if found else None) == leads


def test_a_link_in_the_place_of_a_folder_is_one() -> None:
    seen = contents(archive(folder("d"), member("d/a", b"1")), archive(link("d", tarfile.SYMTYPE, "/x"))).entries
    assert [(path, entry.kind) for path, (entry, _) in seen.items()] == [("/d", Kind.SYMLINK)]


# ---- Packages ---------------------------------------------------------------------------------------------------------


def test_packages_of_npm_are_folders_with_a_manifest() -> None:
    seen = contents(
        archive(
            member("app/node_modules/a/package.json", b'{"name": "a", "version": "1.0.0"}'),
            member("app/node_modules/@s/b/package.json", b'{"name": "@s/b", "version": "2.0.0"}'),
            member("app/node_modules/a/node_modules/c/package.json", b'{"name": "c", "version": "3.0.0"}'),
            member("app/node_modules/alias/package.json", b'{"name": "real", "version": "4.0.0"}'),
            member("app/node_modules/.pnpm/d@5/node_modules/d/package.json", b'{"name": "d", "version": "5.0.0"}'),
            member("app/node_modules/broken/package.json", b"{"),
            member("app/node_modules/list/package.json", b"[]"),
            member("app/node_modules/a/dist/package.json", b'{"type": "module"}'),
            member("app/node_modules/.package-lock.json", b"{}"),
            member("app/package.json", b'{"name": "app", "version": "9.9.9"}'),
        )
    )
    assert [(each.folder_name, each.name, each.version) for each in seen.npm_packages] == [
        ("d", "d", "5.0.0"),
        ("@s/b", "@s/b", "2.0.0"),
        ("a", "a", "1.0.0"),
        ("c", "c", "3.0.0"),
        ("alias", "real", "4.0.0"),
        ("broken", "broken", ""),
        ("list", "list", ""),
    ]
    assert isinstance(seen.npm_packages[0], NpmPackage)


def test_a_package_that_a_later_layer_hides_is_none_and_one_that_it_replaces_has_the_later_version() -> None:
    manifest = "app/node_modules/a/package.json"
    first = archive(member(manifest, b'{"name": "a", "version": "1.0.0"}'))
    assert contents(first, archive(member("app/node_modules/.wh.a"))).npm_packages == ()
    second = archive(member(manifest, b'{"name": "a", "version": "2.0.0"}'))
    assert [each.version for each in contents(first, second).npm_packages] == ["2.0.0"]


STATUS = b"""Package: libc6
Status: install ok installed
Version: 2.36-9
Description: text
 Package: not-a-field

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install ok half-installed
Version: 1
"""
APK = b"P:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:zlib\nV:1.3\n"


@pytest.mark.parametrize(
    ("path", "content", "packages"),
    [
        ("var/lib/dpkg/status", STATUS, [("libc6", "2.36-9", "dpkg")]),
        ("var/lib/dpkg/status.d/libc6", b"Package: libc6\nVersion: 2.36-9\n", [("libc6", "2.36-9", "dpkg")]),
        ("var/lib/dpkg/status.d/libc6.md5sums", b"Package: libc6\n", []),
        ("lib/apk/db/installed", APK, [("musl", "1.2.5-r0", "apk"), ("zlib", "1.3", "apk")]),
        ("var/lib/dpkg/status", b"", []),
        ("var/lib/dpkg/status-old", STATUS, []),
    ],
)
def test_packages_of_the_operating_system_are_read_from_its_database(
    path: str, content: bytes, packages: list[tuple[str, str, str]]
) -> None:
    seen = contents(archive(member(path, content)))
    assert seen.os_packages == tuple(OsPackage(name=n, version=v, source=s) for n, v, s in packages)


def test_an_executable_that_no_package_owns_is_known() -> None:
    elf = b"\x7fELF\x02"
    seen = contents(
        archive(
            member("var/lib/dpkg/status", b"Package: a\nStatus: install ok installed\nVersion: 1\n"),
            member("var/lib/dpkg/info/a:amd64.list", b"/usr/bin/owned\n"),
            member("var/lib/dpkg/info/removed.list", b"/usr/local/bin/stray\n"),
            member("var/lib/dpkg/status.d/b", b"Package: b\nVersion: 1\n"),
            member("var/lib/dpkg/status.d/b.md5sums", b"0123  usr/bin/distroless\n"),
            member("lib/apk/db/installed", APK),
            member("usr/bin/owned", elf),
            member("usr/bin/distroless", elf),
            member("lib/ld-musl-x86_64.so.1", elf),
            member("app/node_modules/a/package.json", b"{}"),
            member("app/node_modules/a/build/a.node", elf),
            member("usr/local/bin/stray", elf),
            member("usr/local/bin/script", b"#!/bin/sh"),
        )
    )
    assert [entry.path for entry, _ in seen.unpackaged_executables] == ["/usr/local/bin/stray"]


def test_packages_own_files_through_linked_folders() -> None:
    seen = contents(
        archive(
            link("bin", tarfile.SYMTYPE, "usr/bin"),
            folder("usr"),
            folder("usr/bin"),
            member("usr/bin/ps", b"\x7fELF\x02"),
            member("var/lib/dpkg/status", b"Package: procps\nStatus: install ok installed\nVersion: 1\n"),
            member("var/lib/dpkg/info/procps.list", b"/.\n/bin\n/bin/ps\n"),
        )
    )
    assert seen.unpackaged_executables == ()


def test_the_engine_that_prisma_writes_beside_its_client_belongs_to_it() -> None:
    engine = "app/node_modules/.prisma/client/libquery_engine.so.node"
    client = member("app/node_modules/@prisma/client/package.json", b'{"name": "@prisma/client", "version": "6.0.0"}')
    assert contents(archive(client, member(engine, b"\x7fELF"))).unpackaged_executables == ()
    assert len(contents(archive(member(engine, b"\x7fELF"))).unpackaged_executables) == 1


def test_packages_outside_of_node_modules_are_told_apart() -> None:
    seen = contents(
        archive(
            member("deps/a/package.json", b'{"name": "a", "version": "1.0.0"}'),
            member("deps/none/package.json", b'{"type": "module"}'),
            member("app/node_modules/b/package.json", b'{"name": "b", "version": "1.0.0"}'),
            member("app/node_modules/b/deep/package.json", b'{"name": "deep", "version": "1.0.0"}'),
        )
    )
    assert [each.path for each in seen.loose_packages] == ["/deps/a"]
    assert [each.path for each in seen.npm_packages] == ["/app/node_modules/b"]


def test_a_hard_link_is_the_file_by_another_name_even_without_its_first_name() -> None:
    store, jest = "pnpm/v10/files/0a/" + "1b" * 31, b'{"name": "jest", "version": "1.0.0"}'
    linked = archive(
        member(store, jest),
        member("a", b"\x7fELF"),
        link("app/node_modules/jest/package.json", tarfile.LNKTYPE, store),
        link("b", tarfile.LNKTYPE, "a"),
    )
    seen = contents(linked, archive(member(".wh.a"), member(".wh.pnpm")))
    assert [(each.name, each.version) for each in seen.npm_packages] == [("jest", "1.0.0")]
    assert [entry.path for entry, _ in seen.unpackaged_executables] == ["/b"]


def test_a_manifest_that_is_linked_to_what_was_not_read_is_an_error_and_no_absence() -> None:
    manifest = link("app/node_modules/jest/package.json", tarfile.LNKTYPE, "elsewhere")
    with pytest.raises(ObservationError, match="hard link to /elsewhere"):
        contents(archive(member("elsewhere", b"{}"), manifest))


@pytest.mark.parametrize("manifest", [b"[" * 200_000, b"\xff", b"{", b""])
def test_a_manifest_that_cant_be_read_has_no_version(manifest: bytes) -> None:
    (package,) = contents(archive(member("app/node_modules/a/package.json", manifest))).npm_packages
    assert (package.name, package.version) == ("a", "")


def test_a_database_that_only_rpm_can_read_is_named() -> None:
    seen = contents(archive(folder("var/lib/rpm"), member("var/lib/rpm/rpmdb.sqlite", b"x")))
    assert seen.unreadable_databases == ("/var/lib/rpm/rpmdb.sqlite",)
    assert seen.os_packages == ()


def test_what_an_image_sets_is_known_by_name() -> None:
    assert contents(archive(folder("a")), Env=["A=1", "B=x=y", "C"]).environment == {"A": "1", "B": "x=y", "C": ""}
    assert contents(archive(folder("a")), Env=None).environment == {}
