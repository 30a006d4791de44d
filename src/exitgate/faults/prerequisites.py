"""Faults of the requirement `prerequisites`: statements on earlier gates that must not count."""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provision.git import git, succeeded

_CONTROL, _GATES = "prerequisites", ("gate1", "gate2")
_TIMEOUT_S = 60.0
_SUBSTITUTE = "[earlier_gates]\nsubstitute = true\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the statement on the first gate says, and whose word the target's rules trust. As it stands, all is well."""

    target: str = ""
    commit: str = ""
    verdict: str = "passed"
    signs_for: tuple[str, ...] = _GATES
    trusted_until: str = ""
    is_altered: bool = False
    by_a_stranger: bool = False


def _statements(said: _Said, gate: str = "gate1") -> Inject:
    """Put sound statements on both gates into the target, made as an assessor makes them, and that on `gate` as told."""

    def inject(site: FaultSite) -> None:
        head = succeeded(git(site.root, "rev-parse", "HEAD"), site.root).stdout.strip()
        sound = _Said(target=site.target.name, commit=head)
        wrong = replace(said, target=said.target or sound.target, commit=said.commit or head)
        key = Ed25519PrivateKey.generate()
        for each in _GATES:
            _attest(site.root / f"gates/{each}.dsse.json", each, wrong if each == gate else sound, key)
        _trust(site, wrong, key)

    return inject


def _attest(path: Path, gate: str, said: _Said, key: Ed25519PrivateKey) -> None:
    signer = Ed25519PrivateKey.generate() if said.by_a_stranger else key
    with tempfile.TemporaryDirectory(prefix="exitgate-attest-") as folder:
        secret, evidence = Path(folder) / "key", Path(folder) / "minutes.txt"
        secret.write_bytes(signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        evidence.write_text("what was looked at", encoding="utf-8")
        path.parent.mkdir(exist_ok=True)
        words = ["attest", gate, "--target", said.target, "--commit", said.commit, "--verdict", said.verdict]
        words += ["--assessor", "an assessor", "--evidence", str(evidence), "--key", str(secret), "--out", str(path)]
        completed = run_tool(
            [sys.executable, "-m", "exitgate", *words], timeout_s=_TIMEOUT_S, environment=scrubbed_environment()
        )
    if completed.exit_code != 0:
        raise TargetError(
            "exitgate attest", got=completed.last_words, expected="a signed statement", action="Report this."
        )
    if said.is_altered:
        envelope = json.loads(path.read_bytes())
        first = envelope["payload"][0]
        envelope["payload"] = ("f" if first != "f" else "e") + envelope["payload"][1:]
        path.write_bytes(json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def _trust(site: FaultSite, said: _Said, key: Ed25519PrivateKey) -> None:
    file = site.root / "exitgate.toml"
    text = file.read_text(encoding="utf-8")
    if _SUBSTITUTE not in text:
        raise TargetError(
            "exitgate.toml",
            got="no [earlier_gates] with a substitute",
            expected="a place for statements of the fault's own",
            action="Prove the gate on a target that has one, e.g. the reference.",
        )
    statements = "".join(f'{gate} = "gates/{gate}.dsse.json"\n' for gate in _GATES)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    until = f"expires = {said.trusted_until}\n" if said.trusted_until else ""
    signer = f'[[policy.prerequisites.signer]]\nname = "the assessor"\npublic = "{public}"\n'
    signer += f"gates = {json.dumps(said.signs_for)}\n{until}"
    text = text.replace(_SUBSTITUTE, f"[earlier_gates.statement]\n{statements}")
    file.write_text(f"{text}\n{signer}", encoding="utf-8")


def _fault(name: str, title: str, said: _Said, message: str, gate: str = "gate1") -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check=f"{gate}-passed",
        location=f"gates/{gate}.dsse.json",
        message=message,
        inject=_statements(said, gate),
    )


_YESTERDAY = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)

FAULTS = (
    _fault(
        "statement-altered",
        "the statement on gate 1 was altered after it was signed",
        _Said(is_altered=True),
        "a signature that does not fit",
    ),
    _fault(
        "statement-of-a-stranger",
        "somebody without a trusted key signed the statement on gate 2",
        _Said(by_a_stranger=True),
        "a signature by a foreign key",
        "gate2",
    ),
    _fault(
        "statement-of-another-target",
        "the statement on gate 1 is another system's",
        _Said(target="another-shop"),
        "a verdict on another target",
    ),
    _fault(
        "statement-of-another-history",
        "the statement on gate 1 is of a commit that was never part of this target",
        _Said(commit="d" * 40),
        "a commit that does not lead to this one",
    ),
    _fault(
        "earlier-gate-failed",
        "gate 2 was assessed, and failed",
        _Said(verdict="failed"),
        "gate2 was not passed",
        "gate2",
    ),
    _fault(
        "signer-no-longer-trusted",
        "the key that signed for gate 1 has run out",
        _Said(trusted_until=str(_YESTERDAY)),
        "trusted until",
    ),
    _fault(
        "one-key-for-both",
        "the key that signs for gate 1 also signs for this gate",
        _Said(signs_for=(*_GATES, "gate3")),
        "and for the gate that builds on it",
    ),
)
