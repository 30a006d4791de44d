"""Archives as engines send them: in any pieces, in both forms, whole or not, and hostile ones."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitgate.errors import ObservationError
from exitgate.observe.contents import read_contents
from exitgate.observe.layers import Kind, Nature
from exitgate.observe.saved_image import read_saved_image

from .archives import SUBSTRATE, archive, contents, engine_with, folder, link, member, saved

LAYER = archive(folder("bin"), member("bin/su", b"x" * 3000, mode=0o4755), member("etc/passwd", b"a:x:1:1::/:\n"))
SENT = saved(LAYER)
AFTER_THE_FIRST = 512 + 10240
"""Where the layer, the first member, ends."""


def read(sent: bytes, size: int = 10**6) -> Any:
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    return read_contents(engine_with(pieces), "sha256:x", (), SUBSTRATE)


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 10240, 10**6])
@pytest.mark.parametrize("compressed", [False, True])
def test_it_does_not_matter_in_what_pieces_or_form_an_image_comes(size: int, compressed: bool) -> None:
    seen = read(saved(LAYER, compressed=compressed), size)
    assert list(seen.entries) == ["/bin", "/bin/su", "/etc/passwd"]
    assert seen.entries["/bin/su"][0].size_bytes == 3000
    assert seen.texts == {"/etc/passwd": b"a:x:1:1::/:\n"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"no archive at all" * 100,
        SENT[:300],
        SENT[:2000],
        SENT[:AFTER_THE_FIRST],
        SENT[:AFTER_THE_FIRST] + b'{"message": "input/output error"}',
        SENT[:AFTER_THE_FIRST] + b"x" * 512,
        saved(LAYER[:2000]),
        saved(LAYER[:512]),
        saved(LAYER.replace(b"bin/su", b"bin/sh")),
        saved(b"\x28\xb5\x2f\xfd" + b"x" * 600),
        archive(member("0/layer.tar", LAYER)),
        archive(member("manifest.json", b"[]")),
        archive(member("manifest.json", b"{")),
        archive(member("manifest.json", b'[{"Config": "c", "Layers": []}]'), member("c", b"[]")),
        SENT.replace(b"0/layer.tar", b"9/layer.tar", 1),
        SENT.replace(b'"diff_ids": ["sha256:', b'"diff_ids": ["sha255:'),
    ],
    ids=[
        "nothing", "no archive", "cut in a header", "cut in a layer", "cut between files", "an error at the end", "rubbish",
        "a layer that is cut", "a layer without an end", "a broken checksum", "zstd", "no manifest", "an empty manifest",
        "a broken manifest", "no layers named", "a layer that is not there", "another digest",
    ],
)  # fmt: skip
def test_what_is_not_whole_is_an_error_of_one_line_and_no_smaller_image(sent: bytes) -> None:
    with pytest.raises(ObservationError, match="can't be read") as error:
        read(sent)
    assert "\n" not in str(error.value)


def test_an_image_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ObservationError, match="no such image"):
        read_contents(engine_with([]), "sha256:gone", (), SUBSTRATE)


@given(st.integers(0, len(SENT) - 1), st.integers(0, 255))
def test_a_broken_byte_is_an_error_or_changes_no_content(position: int, value: int) -> None:
    broken = SENT[:position] + bytes([value]) + SENT[position + 1 :]
    try:
        seen = read(broken)
    except ObservationError:
        return
    # Every byte of a layer is covered by its digest: what is still read is what was sent.
    assert list(seen.entries) == ["/bin", "/bin/su", "/etc/passwd"]


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_error(sent: bytes) -> None:
    with pytest.raises(ObservationError):
        read(sent)


@pytest.mark.parametrize("name", ["../../etc/x", "/etc/x", "./etc/./x", "etc/a/../x", "etc//x"])
def test_no_name_leads_out_of_the_image(name: str) -> None:
    assert list(contents(archive(member(name, b"x"))).entries) == ["/etc/x"]


@pytest.mark.parametrize("name", ["größe", "a b", "new\nline", "\x1b[31m", "x" * 300, "-rf", "*", "\udcff"])
def test_a_file_may_have_any_name(name: str) -> None:
    assert list(contents(archive(member(f"d/{name}", b"x"))).entries) == [f"/d/{name}"]


def test_links_are_told_from_files_and_lead_where_they_say() -> None:
    seen = contents(
        archive(
            member("a", b"x"),
            link("b", tarfile.LNKTYPE, "a"),
            link("c", tarfile.LNKTYPE, "../../outside"),
            link("d", tarfile.SYMTYPE, "../../x"),
            link("e", tarfile.FIFOTYPE, ""),
        )
    ).entries
    assert [seen[f"/{name}"][0].kind for name in "abcde"] == [
        Kind.FILE, Kind.HARD_LINK, Kind.HARD_LINK, Kind.SYMLINK, Kind.SPECIAL,
    ]  # fmt: skip
    assert [seen[f"/{name}"][0].target for name in "bcd"] == ["/a", "/outside", "../../x"]


def test_a_layer_without_an_entry_is_one_whatever_it_is_called() -> None:
    layers = [archive(member("a", b"x")), bytes(1024)]
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    configuration = {"rootfs": {"diff_ids": [f"sha256:{digest}" for digest in digests]}}
    names = [f"blobs/sha256/{digest}" for digest in digests]
    sent = archive(
        *(member(name, layer) for name, layer in zip(names, layers, strict=True)),
        member("c.json", json.dumps(configuration).encode()),
        member("manifest.json", json.dumps([{"Config": "c.json", "Layers": names}]).encode()),
    )
    assert [len(layer.entries) for layer in read_saved_image([sent], lambda _: False).layers] == [1, 0]


def test_what_made_a_layer_is_taken_from_the_history_where_it_fits() -> None:
    history = [{"created_by": "COPY a"}, {"created_by": "ENV x", "empty_layer": True}, {"created_by": "RUN b"}]
    assert [each.made_by for each in contents(LAYER, LAYER + b"\0" * 512, history=history).layers] == [
        "COPY a",
        "RUN b",
    ]
    assert [each.made_by for each in contents(LAYER, history=history).layers] == [""]


def test_layers_that_a_base_image_has_are_its_own() -> None:
    other = archive(member("app", b"x"))
    sent = saved(LAYER, other)
    digests = [each.digest for each in read_saved_image([sent], lambda _: False).layers]

    def own(**bases: list[str]) -> list[bool]:
        return [
            each.from_base for each in read_contents(engine_with([sent], **bases), "sha256:x", bases, SUBSTRATE).layers
        ]

    assert own(base=digests[:1]) == [True, False]
    assert own(base=digests[:1], wider=digests) == [True, True]
    assert own(base=digests[1:]) == [False, False]
    assert own(base=[]) == [False, False]
    assert [
        each.from_base for each in read_contents(engine_with([sent]), "sha256:x", ["unknown"], SUBSTRATE).layers
    ] == [False, False]


def test_a_layer_of_two_gigabytes_is_read_in_bounded_memory() -> None:
    size = 2 * 1024**3
    info = tarfile.TarInfo("huge")
    info.size = size
    head = info.tobuf(tarfile.PAX_FORMAT)

    def layer() -> Iterator[bytes]:
        yield head
        for _ in range(size // 2**20):
            yield bytes(2**20)
        yield bytes(10240)

    outer = tarfile.TarInfo("0/layer.tar")
    outer.size = len(head) + size + 10240

    def sent() -> Iterator[bytes]:
        yield outer.tobuf(tarfile.PAX_FORMAT)
        yield from layer()
        yield bytes(-outer.size % 512)
        rest = io.BytesIO()
        with tarfile.open(fileobj=rest, mode="w") as tar:
            for info, content in (
                member("c", json.dumps({"rootfs": {"diff_ids": ["sha256:other"]}}).encode()),
                member("manifest.json", b'[{"Config": "c", "Layers": ["0/layer.tar"]}]'),
            ):
                tar.addfile(info, io.BytesIO(content))
        yield rest.getvalue()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # It is read to its end, or its digest could not be told.
    with pytest.raises(ValueError, match="and should have sha256:other"):
        read_saved_image(sent(), lambda _: True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024


# ---- What files are by their content --------------------------------------------------------------------------------

KEY = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEowIBAAKCAQEAxGi9" * 8 + b"\n-----END RSA PRIVATE KEY-----\n"
SOURCES = b'{"version":3,"sources":["a.ts"],"sourcesContent":["export {}"],"mappings":"AAAA"}'

INSIDE = (
    b"x\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,eyJzb3VyY2VzQ29udGVudCI6WyJleHBvcnQge30iXX0="
)


@pytest.mark.parametrize(
    ("name", "content", "nature"),
    [
        ("a", b"\x7fELF\x02", Nature.ELF),
        ("a", b"ELF", Nature.PLAIN),
        ("a", b"", Nature.PLAIN),
        ("a", KEY, Nature.PRIVATE_KEY),
        ("a", b"text before\n" + KEY.replace(b"RSA ", b""), Nature.PRIVATE_KEY),
        ("a", KEY.replace(b"\n", b"\r\n"), Nature.PRIVATE_KEY),
        ("a", KEY.replace(b"-----\nMII", b"-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nMII"), Nature.PRIVATE_KEY),
        ("a.js", b'const head = "-----BEGIN RSA PRIVATE KEY-----"; // MIIEowIBAAKCAQEAxGi9MIIEowIBAAKCAQEAxGi9', Nature.PLAIN),
        ("a.json", b'{"private_key": "' + KEY.replace(b"\n", b"\\n") + b'"}', Nature.PRIVATE_KEY),
        ("node_modules/a/README.md", KEY.replace(b"\n", b"\\n"), Nature.PLAIN),
        ("a", b"x" * 1_500_000 + b"\n" + KEY, Nature.PRIVATE_KEY),
        ("a", b"x" * (1024 * 1024 - 20) + b"\n" + KEY, Nature.PRIVATE_KEY),
        ("a.js.map", b'{"mappings":"' + b"A" * 9_000_000 + b'",' + SOURCES[1:], Nature.SOURCES_INSIDE),
        ("a.js", b"x" * 9_000_000 + INSIDE.replace(b"fQ==", b"") + b"A" * 300, Nature.SOURCES_INSIDE),
        ("a", b"-----BEGIN PUBLIC KEY-----\n" + b"MIIEowIBAAKCAQEAxGi9" * 8, Nature.PLAIN),
        ("a.js.map", SOURCES, Nature.SOURCES_INSIDE),
        ("a.js.map", SOURCES.replace(b'["export {}"]', b"[null]"), Nature.PLAIN),
        ("a.js.map", SOURCES.replace(b'["export {}"]', b'[null, "x"]'), Nature.SOURCES_INSIDE),
        ("a.json", SOURCES, Nature.PLAIN),
        ("a.js", INSIDE, Nature.SOURCES_INSIDE),
        ("a.js", b"//# sourceMappingURL=data:application/json;base64,e30=", Nature.PLAIN),
        ("a.js", b"//# sourceMappingURL=data:application/json;base64,A", Nature.PLAIN),
        ("a.js", b"//# sourceMappingURL=a.js.map", Nature.PLAIN),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_content(name: str, content: bytes, nature: Nature) -> None:
    assert contents(archive(member(name, content))).entries[f"/{name}"][0].nature == nature


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"const a = require('left-pad')", {"left-pad"}),
        (b'import x from "@scope/thing/deep/file.js"; import "side"; export * from "other"', {"@scope/thing", "side", "other"}),
        (b'await import("late")', {"late"}),
        (b'require("./mine"); require(name); import "../x"', set()),
        (b'import fs from "node:fs"', set()),
        (b'xrequire("a"); _from "b"; \xe9import "c"', {"c"}),
        (b"from 'outer\\'import \"inner\"'", {"inner"}),
    ],
)  # fmt: skip
def test_packages_that_scripts_take_in_are_known_by_name(content: bytes, names: set[str]) -> None:
    assert contents(archive(member("a.mjs", content))).imports == names
    assert contents(archive(member("a.txt", content))).imports == frozenset()
