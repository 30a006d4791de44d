"""Rules on secrets in images."""

from __future__ import annotations

from exitgate.checks.containers import leaked_secrets
from tests.observe.archives import archive, contents, member

from .builders import dockerfile
from .scans import secret, secrets

BELOW, ABOVE = archive(member("app/key.txt", b"token")), archive(member("app/key.txt", b""))


def test_an_image_without_secrets_has_no_finding() -> None:
    assert leaked_secrets(secrets(), contents(BELOW), dockerfile()) == []


def test_a_secret_in_a_file_is_a_finding_that_does_not_tell_it() -> None:
    seen = contents(BELOW)
    (finding,) = leaked_secrets(secrets(secret(layer=seen.layers[0].digest)), seen, dockerfile())
    assert finding.location == "image:/app/key.txt"
    assert finding.message == "the image holds a secret (GitHub Personal Access Token) in /app/key.txt"
    assert finding.got == "github-pat, line 3"
    assert "Revoke" in finding.remedy


def test_a_secret_that_a_later_layer_replaces_or_removes_is_one_all_the_same() -> None:
    for upper in (ABOVE, archive(member("app/.wh.key.txt"))):
        seen = contents(BELOW, upper)
        (finding,) = leaked_secrets(secrets(secret(layer=seen.layers[0].digest)), seen, dockerfile())
        assert finding.message.endswith("of a layer below the one that removes or replaces it")


def test_a_secret_in_the_environment_is_located_where_it_is_set_and_named_once() -> None:
    text = dockerfile((4, "USER", "10001"), (6, "ENV", "A=1 TOKEN=x"))
    found = leaked_secrets(
        secrets(
            secret(path="", line=0, variables=("TOKEN",)),
            secret(path="", line=0, variables=("A", "TOKEN")),
            secret(path="", line=0, variables=("TOKEN",), rule="other"),
        ),
        contents(BELOW),
        text,
    )
    assert [each.location for each in found] == ["apps/orders/Dockerfile:6"] * 2
    assert found[0].message.endswith("in its environment or build history (TOKEN)")


def test_a_secret_of_the_base_images_environment_has_no_line_in_the_dockerfile() -> None:
    (finding,) = leaked_secrets(secrets(secret(path="", line=0)), contents(BELOW), dockerfile())
    assert finding.location == "image:configuration"
    assert finding.message.endswith("in its environment or build history")


def test_two_secrets_in_two_files_are_two_findings() -> None:
    found = leaked_secrets(secrets(secret(), secret(path="/b")), contents(BELOW), dockerfile())
    assert [each.location for each in found] == ["image:/app/key.txt", "image:/b"]
