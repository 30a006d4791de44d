"""The whole walk with real keys: two gates attested, a third run on a built image, signed, verified elsewhere, and the lock."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exitgate.attestation.keys import read_trusted_keys
from exitgate.attestation.lock import ask_lock
from exitgate.errors import EvidenceError
from exitgate.provision.clone import commit_everything
from exitgate.provision.engine import Engine
from exitgate.provision.git import git
from tests.attestation.bundles import ssh_line

pytestmark = [pytest.mark.engine, pytest.mark.slow]

GATE = """schema_version = 1
[gate]
id = "third"
title = "A third gate"
summary = "For a walk through it."
[[criterion]]
id = "containers"
task = "3.2"
title = "Containers"
module = "test_containers.py"
[[control]]
id = "3.2.B.2.1"
criterion = "containers"
dimension = "B"
title = "No root"
rationale = "It matters."
remediation = "Set USER."
[[control.check]]
id = "declared-user"
subject = "workload"
needs = "declared"
says = "The image names a user."
[[requirement]]
id = "prerequisites"
criterion = "gate"
title = "The gates before"
rationale = "It builds on them."
remediation = "Have them assessed."
"""
CHECK = """[[requirement.check]]
id = "{gate}-passed"
subject = "target"
needs = "declared"
says = "{gate} was passed."
"""
CONTAINERS = '''"""Containers."""
import pytest

pytest_plugins = ("exitgate.fixtures.containers",)

@pytest.mark.check("3.2.B.2.1", "declared-user")
def test_a_user_is_named(image):
    """The image names a user."""
    assert image.user == "10001:10001"
'''
GATE_ITSELF = '''"""The gate itself."""
import pytest

from exitgate.checks.prerequisites import unproven_passes

pytest_plugins = ("exitgate.fixtures.prerequisites",)

@pytest.mark.check("prerequisites", "gate1-passed")
def test_gate_1_was_passed(gate1):
    """Gate 1 was passed."""
    assert unproven_passes(gate1) == []

@pytest.mark.check("prerequisites", "gate2-passed")
def test_gate_2_was_passed(gate2):
    """Gate 2 was passed."""
    assert unproven_passes(gate2) == []
'''
TARGET = """[target]
name = "shop"

[[service]]
name = "echo"
path = "."
dockerfile = "Dockerfile"
port = 3000
task_definition = "task.json"

[earlier_gates.statement]
gate1 = "gates/gate1.dsse.json"
gate2 = "gates/gate2.dsse.json"

[[policy.prerequisites.signer]]
name = "Review board"
public = "{board}"
gates = ["gate1", "gate2"]
"""
TASK = {"family": "echo", "containerDefinitions": [{"name": "echo", "image": "echo"}]}


@dataclass(frozen=True)
class Walk:
    """Folders and keys of one walk."""

    path: Path
    board: Path
    release: Path

    @property
    def shop(self) -> Path:
        """The target's repository."""
        return self.path / "shop"

    @property
    def public(self) -> str:
        """The public half of the key that signs releases."""
        return _public(self.release)

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def call(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run exitgate as a user does."""
        return self._run("-m", "exitgate", *words)

    def gate(self) -> subprocess.CompletedProcess[str]:
        """Run the gate on the target."""
        return self._run("-m", "pytest", "-p", "no:cacheprovider", "gates/third", "--gate-target", self.shop, "-n", "0")

    def _run(self, *words: object) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        command = [sys.executable, *(str(each) for each in words)]
        return subprocess.run(
            command, cwd=self.path, env=kept, capture_output=True, text=True, check=False, timeout=200
        )


def _key(path: Path) -> Path:
    made = Ed25519PrivateKey.generate()
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def _public(path: Path) -> str:
    from exitgate.attestation.keys import read_private_key

    return ssh_line(read_private_key(path, ""))


@pytest.fixture
def walk(tmp_path: Path, engine: Engine) -> Walk:
    """A gate that builds on two, and a repository whose first commit those two were assessed at."""
    made = Walk(tmp_path, board=_key(tmp_path / "board"), release=_key(tmp_path / "release"))
    made.write("pytest.ini", "[pytest]\n")
    made.write("conftest.py", 'pytest_plugins = ["exitgate.fixtures"]\n')
    made.write("gates/third/gate.toml", GATE + "".join(CHECK.format(gate=name) for name in ("gate1", "gate2")))
    made.write("gates/third/test_containers.py", CONTAINERS)
    made.write("gates/third/test_the_gate_itself.py", GATE_ITSELF)
    made.write("shop/Dockerfile", 'FROM scratch\nCOPY task.json /\nUSER 10001:10001\nENTRYPOINT ["/none"]\n')
    made.write("shop/task.json", json.dumps(TASK))
    made.write("shop/exitgate.toml", TARGET.format(board=_public(made.board)))
    git(made.shop, "init", "--quiet")
    commit_everything(made.shop, "the first version")
    return made


def _head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").stdout.strip()


def _attest(walk: Walk, gate: str) -> None:
    (walk.path / "minutes.txt").write_text("We looked at all of it.", encoding="utf-8")
    said = walk.call(
        *("attest", gate, "--target", "shop", "--commit", _head(walk.shop), "--assessor", "Review board"),
        *("--evidence", "minutes.txt", "--key", walk.board, "--out", f"shop/gates/{gate}.dsse.json"),
    )
    assert said.returncode == 0, said.stderr


def test_from_two_attested_gates_to_an_open_lock_and_not_one_byte_commit_or_day_further(walk: Walk) -> None:
    assert walk.gate().returncode == 10
    _attest(walk, "gate1")
    _attest(walk, "gate2")
    commit_everything(walk.shop, "gates 1 and 2 were passed")
    run = walk.gate()
    assert run.returncode == 0, run.stdout + run.stderr
    report = walk.path / "reports/third"
    made = walk.call("bundle", report, "--key", walk.release, "--out", "release.tar")
    assert "PASSED for third (passed)" in made.stdout, made.stderr

    # Somebody who was not there: a fresh clone, and the image that the record names.
    fresh, commit = walk.path / "fresh", _head(walk.shop)
    git(walk.path, "clone", "--quiet", str(walk.shop), str(fresh))
    (image,) = json.loads((report / "record.json").read_text(encoding="utf-8"))["images"]
    asked = ("--key", walk.public, "--commit", _head(fresh), "--image", f"{image['workload']}={image['digest']}")
    seen = walk.call("verify", "release.tar", "--gate", "third", "--target", "shop", *asked)
    assert seen.returncode == 0, seen.stderr
    assert "The verdict on third: passed." in seen.stdout
    lock = ("lock", "check", "third", "--statement", "release.tar")
    assert walk.call(*lock, *asked).stdout.startswith(f"open: third passed for {commit[:12]}")

    # One byte.
    data = bytearray((walk.path / "release.tar").read_bytes())
    data[len(data) // 2] ^= 1
    (walk.path / "altered.tar").write_bytes(data)
    assert walk.call("verify", "altered.tar", *asked).returncode == 2
    assert walk.call("lock", "check", "third", "--statement", "altered.tar", *asked).returncode == 1

    # One day later than it holds.
    with pytest.raises(EvidenceError, match="held until"):
        ask_lock(
            walk.path / "release.tar",
            read_trusted_keys([walk.public]),
            gate="third",
            commit=commit,
            images={image["workload"]: image["digest"]},
            now=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31),
        )

    # One commit.
    walk.write("fresh/more.txt", "more")
    commit_everything(fresh, "one more")
    later = [_head(fresh) if word == commit else word for word in asked]
    refused = walk.call(*lock, *later)
    assert (refused.returncode, "another commit" in refused.stderr) == (1, True)
