"""The walk with real keys: run, sign, verify elsewhere, and the lock; one byte, one commit, one day later it stays closed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner, Result

from exitgate.attestation.envelope import ENVELOPE_FILE
from exitgate.attestation.keys import read_private_key, read_trusted_keys
from exitgate.attestation.lock import ask_lock
from exitgate.cli import app
from exitgate.errors import EvidenceError, ExitgateError, UsageError
from exitgate.ledger import LEDGER_FILE
from exitgate.record import TargetEntry
from tests.attestation.bundles import COMMIT, IMAGES, KEY, NOW, TRUSTED, bundle, leave, ssh_line


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def private_key(path: Path, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> Path:
    hidden = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, hidden))
    return path


def images(**others: str) -> list[str]:
    return [word for name, digest in {**IMAGES, **others}.items() for word in ("--image", f"{name}={digest}")]


def recently() -> str:
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- The commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bundle", "bundle.tar"])
def test_run_sign_verify_and_the_lock_opens(tmp_path: Path, name: str) -> None:
    leave(tmp_path / "run", finished=recently())
    key = private_key(tmp_path / "key")
    public = ssh_line(read_private_key(key))
    made = call("bundle", tmp_path / "run", "--key", key, "--out", tmp_path / name)
    assert made.exit_code == 0
    assert "PASSED for gate3 (passed)" in made.output
    seen = call(
        "verify", tmp_path / name, "--key", public, "--gate", "gate3", "--ledger", tmp_path / "run" / LEDGER_FILE
    )
    assert seen.exit_code == 0
    assert "The verdict on gate3: passed." in seen.output
    assert "1 runs of this gate on this commit led here" in seen.output
    assert "Not verified: that it is the commit you mean (--commit)." in seen.output
    ask = ["lock", "check", "gate3", "--statement", tmp_path / name, "--key", public, "--commit"]
    assert call(*ask, COMMIT, *images()).output.startswith("open: gate3 passed for cccccccccccc and 2 images")
    refused = call(*ask, "d" * 40, *images())
    assert refused.exit_code == 1
    assert refused.output.startswith("closed: ")


def test_how_many_runs_led_here_counts_failed_and_aborted_ones(tmp_path: Path) -> None:
    from tests.attestation.bundles import note

    leave(tmp_path / "bundle-run", "r0", verdict="failed")
    aborted = leave(tmp_path / "elsewhere", "rx")
    note(tmp_path / "bundle-run" / LEDGER_FILE, aborted, "began", "")
    other = leave(tmp_path / "elsewhere", "ry", target=TargetEntry(name="shop", commit="d" * 40, dirty=False))
    note(tmp_path / "bundle-run" / LEDGER_FILE, other, "began", "")
    assert ask_words(bundle(tmp_path)) == "The ledger's chain holds; 3 runs of this gate on this commit led here."


def ask_words(path: Path) -> str:
    from exitgate.attestation.verify import Asked, verify_bundle
    from exitgate.attestation.words import words_of

    lines = words_of(verify_bundle(path, [TRUSTED], Asked(), NOW), Asked())
    return next(line for line in lines if line.startswith("The ledger"))


# ---- The lock ----------------------------------------------------------------------------------------------------


def open_lock(path: Path, commit: str = COMMIT, now: datetime.datetime = NOW, **others: str) -> None:
    ask_lock(path, [TRUSTED], gate="gate3", commit=commit, images={**IMAGES, **others}, now=now)


def test_the_statement_alone_opens_it(tmp_path: Path) -> None:
    statement = ask_lock(
        bundle(tmp_path) / ENVELOPE_FILE, [TRUSTED], gate="gate3", commit=COMMIT, images=IMAGES, now=NOW
    )
    assert statement.images == IMAGES


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"rehearsal": True}, "a rehearsal; expected a run on the real thing"),
        ({"verdict": "failed"}, "the verdict failed; expected passed"),
        ({"verdict": "not_assessed"}, "the verdict not assessed; expected passed"),
        ({"verdict": "passed_with_exceptions"}, "the verdict passed with exceptions; expected passed"),
        ({"finished_whole": False}, "the verdict passed; expected passed"),
        ({"problems": ("left behind: a container",)}, "expected passed"),
        ({"target": TargetEntry(name="shop", commit=COMMIT, dirty=True)}, "expected passed"),
    ],
    ids=["rehearsal", "failed", "not-assessed", "exceptions", "not-whole", "problems", "dirty"],
)
def test_what_is_no_pass_is_signed_as_failed_and_opens_nothing(
    tmp_path: Path, facts: dict[str, object], message: str
) -> None:
    path = bundle(tmp_path, **facts)
    with pytest.raises(EvidenceError, match=message):
        open_lock(path)
    with pytest.raises(EvidenceError, match=message):
        open_lock(path / ENVELOPE_FILE)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda it: open_lock(it, commit="d" * 40), "another commit"),
        (lambda it: open_lock(it, web="sha256:" + "4" * 64), "another image of web"),
        (lambda it: open_lock(it, cart="sha256:" + "4" * 64), "no image of cart"),
        (lambda it: open_lock(it, now=NOW + datetime.timedelta(days=30)), "held until 2026-07-15"),
        (
            lambda it: ask_lock(it, [TRUSTED], gate="gate3", commit=COMMIT, images={"web": IMAGES["web"]}, now=NOW),
            "also names orders",
        ),
        (lambda it: ask_lock(it, [TRUSTED], gate="gate4", commit=COMMIT, images=IMAGES, now=NOW), "another gate"),
        (lambda it: open_lock(it.with_name("none")), "can't be read"),
    ],
    ids=["commit", "image", "more", "late", "less", "gate", "absent"],
)
def test_it_stays_closed_for_anything_else(tmp_path: Path, ask: Callable[[Path], None], message: str) -> None:
    path = bundle(tmp_path) / ENVELOPE_FILE
    with pytest.raises(EvidenceError, match=message):
        ask(path)


def test_asked_about_no_image_it_is_no_lock(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the image of every workload"):
        ask_lock(bundle(tmp_path), [TRUSTED], gate="gate3", commit=COMMIT, images={}, now=NOW)


# ---- Keys, and mistakes with them --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH])
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_private_keys_of_both_forms(tmp_path: Path, form: PrivateFormat, passphrase: str) -> None:
    path = private_key(tmp_path / "k", passphrase, form)
    assert read_private_key(path, passphrase).public_key()
    if passphrase:
        for wrong in ("", "no"):
            with pytest.raises(UsageError, match="EXITGATE_PASSPHRASE"):
                read_private_key(path, wrong)


def test_trusted_keys_in_every_form(tmp_path: Path) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (tmp_path / "k.pem").write_text(pem)
    (tmp_path / "k.pub").write_text(ssh_line(KEY) + " somebody\n")
    entry = f'[[key]]\nname = "qa"\npublic = "{ssh_line(KEY)}"\ngates = ["gate1"]\nexpires = 2027-01-31\n'
    (tmp_path / "k.toml").write_text(entry)
    keys = read_trusted_keys([ssh_line(KEY), *(str(tmp_path / name) for name in ("k.pem", "k.pub", "k.toml"))])
    assert {each.key.keyid for each in keys} == {TRUSTED.key.keyid}
    assert (keys[3].name, keys[3].gates, keys[3].expires) == ("qa", ("gate1",), datetime.date(2027, 1, 31))


_EC = generate_private_key(SECP256R1())
_EC_PEM = _EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
_PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("k.pem", "nothing", "no public key"),
        ("k.pem", _EC_PEM, "a key of another kind"),
        ("k.pem", _PRIVATE, "a private key; expected"),
        ("k.toml", "key = [", "no TOML"),
        ("k.toml", "key = []", r"no \[\[key\]\]"),
        (
            "k.toml",
            '[[key]]\nname = "a"\npublic = "b"\nexpires = "31.1.2027"',
            "key.0.expires: Input should be a valid date",
        ),
        ("k.pem", "x" * 70_000, "more than 64 KiB"),
        ("k.toml", f'[[key]]\nname = "a"\npublic = "{ssh_line(KEY)}"\ngates = []\n', "key.0.gates: .*at least 1 item"),
        ("k.toml", f'[[key]]\nname = "a"\npublic = "{ssh_line(KEY)}"\n' * 2, "the key of a twice"),
    ],
)
def test_a_mistake_with_a_key_is_one_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ExitgateError, match=message) as raised:
        read_trusted_keys([str(tmp_path / name)])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("texts", "message"), [([], "none"), ([""], "none"), (["/no/such"], "no file")])
def test_no_key_is_one_line(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_trusted_keys(texts)
