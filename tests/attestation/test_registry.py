"""From a registry's digest to the judged image: manifests, indexes, and those that lead nowhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exitgate.attestation.bundle import make_bundle
from exitgate.attestation.lock import ask_lock
from exitgate.attestation.registry import manifests_in, read_manifests, released_digest
from exitgate.attestation.verify import Asked, verify_bundle
from exitgate.cli import app
from exitgate.errors import EvidenceError, UsageError
from tests.attestation.bundles import COMMIT, IMAGES, KEY, NOW, TRUSTED, leave
from tests.attestation.test_walk import private_key

JUDGED = IMAGES["web"]


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest(config: str = JUDGED, **more: str) -> bytes:
    return json.dumps({"schemaVersion": 2, "config": {"digest": config}, "layers": [], **more}).encode()


def index(*below: bytes) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": [{"digest": digest(each)} for each in below]}).encode()


INDEX = index(manifest(), manifest("sha256:" + "5" * 64))


def test_without_manifests_the_engine_s_id_is_all_there_is() -> None:
    assert released_digest((), JUDGED, "web") == JUDGED


def test_a_manifest_and_an_index_above_it() -> None:
    assert released_digest([manifest()], JUDGED, "web") == digest(manifest())
    for given in ([manifest(), INDEX], [INDEX, manifest()]):
        assert released_digest(given, JUDGED, "web") == digest(INDEX)
    assert released_digest([index(INDEX), manifest(), INDEX], JUDGED, "web") == digest(index(INDEX))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([manifest("sha256:" + "6" * 64)], "manifests of another image"),
        ([manifest(), manifest("sha256:" + "6" * 64)], "leads to no other"),
        ([manifest(), manifest(note="another")], "manifests of another image"),
        ([INDEX], "manifests of another image"),
        ([index(manifest("sha256:" + "5" * 64)), manifest()], "leads to no other"),
        ([index(INDEX), manifest()], "leads to no other"),
        ([b"{"], "no JSON"),
        ([b"[]"], "no JSON object"),
        ([b'{"config": 3}'], "manifests of another image"),
        ([b"[" * 100_000], "no JSON"),
    ],
)
def test_what_does_not_lead_to_the_judged_image_is_refused(given: list[bytes], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        released_digest(given, JUDGED, "web")


def test_a_bundle_names_the_registry_s_digest_and_the_lock_opens_for_it(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    bundle = tmp_path / "gate3.tar"
    make_bundle(tmp_path / "run", bundle, KEY, days=30, registry={"web": (INDEX, manifest())})
    found = verify_bundle(bundle, [TRUSTED], Asked(), NOW).statement
    assert found.images == {"orders": IMAGES["orders"], "web": digest(INDEX)}
    ask_lock(bundle, [TRUSTED], gate="gate3", commit=COMMIT, images=found.images, now=NOW)
    with pytest.raises(EvidenceError, match="another image of web"):
        ask_lock(bundle, [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW)


def test_a_manifest_of_another_image_makes_no_bundle(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    for registry, words in (
        ({"web": (manifest(IMAGES["orders"]),)}, "manifests of another image"),
        ({"nobody": (manifest(),)}, "no image of it that was judged"),
    ):
        with pytest.raises(EvidenceError, match=words):
            make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30, registry=registry)
    assert not (tmp_path / "b").exists()


def test_a_manifest_that_was_taken_out_of_a_bundle_is_missed(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30, registry={"web": (manifest(),)})
    (tmp_path / "b/registry-web.0.json").unlink()
    with pytest.raises(EvidenceError, match=r"registry-web\.0\.json.*missing"):
        verify_bundle(tmp_path / "b", [TRUSTED], Asked(), NOW)


def test_the_command_takes_files(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    (tmp_path / "m.json").write_bytes(manifest())
    key = private_key(tmp_path / "key")
    words = ["bundle", str(tmp_path / "run"), "--key", str(key), "--out", str(tmp_path / "b")]
    done = CliRunner().invoke(app, [*words, "--manifest", f"web={tmp_path / 'm.json'}"])
    assert done.exit_code == 0, done.output
    assert manifests_in({each.name: each.read_bytes() for each in (tmp_path / "b").iterdir() if each.is_file()}) == {
        "web": (manifest(),)
    }


@pytest.mark.parametrize("text", ["web=/nowhere", "web", "=x", "web=\0"])
def test_a_mistake_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(UsageError) as refusal:
        read_manifests([text])
    assert "\n" not in str(refusal.value)
