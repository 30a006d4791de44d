"""References of images, and what spellings of them are equal."""

from __future__ import annotations

import pytest

from exitgate.dockerfile import Reference, parse_reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("node", "docker.io", "library/node", "", ""),
        ("node:22", "docker.io", "library/node", "22", ""),
        (f"node:22@{DIGEST}", "docker.io", "library/node", "22", DIGEST),
        (f"node@{DIGEST}", "docker.io", "library/node", "", DIGEST),
        ("docker.io/node", "docker.io", "library/node", "", ""),
        ("index.docker.io/library/node", "docker.io", "library/node", "", ""),
        ("somebody/node", "docker.io", "somebody/node", "", ""),
        ("registry:5000/node", "registry:5000", "node", "", ""),
        (f"registry:5000/a/b:x@{DIGEST}", "registry:5000", "a/b", "x", DIGEST),
        ("localhost/node", "localhost", "node", "", ""),
        ("gcr.io/distroless/nodejs22-debian12:nonroot", "gcr.io", "distroless/nodejs22-debian12", "nonroot", ""),
        ("[2001:db8::1]:5000/node", "[2001:db8::1]:5000", "node", "", ""),
        ("a__b/c--d.e", "docker.io", "a__b/c--d.e", "", ""),
    ],
)
def test_a_reference_has_its_parts(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    assert parse_reference(text) == Reference(registry=registry, repository=repository, tag=tag, digest=digest)


@pytest.mark.parametrize(
    "text",
    ["", "Node", "node:", "node@", "node@sha256:abc", "a b", "/node", "node/", "a//b", "-a", "a:b:c", "$A", "a" * 256],
)
def test_what_is_no_reference_has_no_parts(text: str) -> None:
    assert parse_reference(text) is None


def test_the_familiar_name_is_what_people_write() -> None:
    found = [parse_reference(text) for text in ("docker.io/library/node", "docker.io/a/b", "gcr.io/library/c")]
    assert [each.familiar_name for each in found if each] == ["node", "a/b", "gcr.io/library/c"]
