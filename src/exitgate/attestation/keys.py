"""Keys of ed25519: who signs, and whom a verifier trusts, for which gates and until when."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.signer import SSlibKey

from exitgate.errors import EvidenceError, UsageError, one_line

_LARGEST_BYTES = 64 * 1024
_SSH = "ssh-ed25519 "


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key that a verifier trusts."""

    name: str
    key: SSlibKey
    gates: tuple[str, ...] = ()
    """The gates that it may sign for; all where none is named."""
    expires: datetime.date | None = None
    """The last day, UTC, on which it is trusted; for ever where it is not given."""


class _KeyEntry(BaseModel):
    """``[[key]]`` of a file of trusted keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    public: str
    """The line of OpenSSH, or the PEM text."""
    gates: tuple[str, ...] = Field((), strict=False, min_length=1)
    """Left out, all: an empty list is refused, since it may as well mean none."""
    expires: datetime.date | None = None


class _KeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: tuple[_KeyEntry, ...]


def read_private_key(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """Read a private key, PEM or OpenSSH, encrypted or not.

    Raises:
        UsageError: if there is none, it is of another kind, or the passphrase is missing or wrong.
    """
    data = _read(path)
    secret = passphrase.encode() or None
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        key = load(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        got = (
            "a key that the passphrase does not open"
            if passphrase
            else "no private key that opens without a passphrase"
        )
        raise _no_key(str(path), got, "Name the file, and give its passphrase in EXITGATE_PASSPHRASE.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(str(path), "a key of another kind", "Make one: ssh-keygen -t ed25519.")
    return key


def read_trusted_keys(texts: list[str]) -> tuple[TrustedKey, ...]:
    """Read whom to trust.

    Args:
        texts: Each a line of OpenSSH (``ssh-ed25519 AAAA…``), a file that holds one or a PEM text, or a ``.toml`` file of
            ``[[key]]`` entries with ``name``, ``public``, and where wanted ``gates`` and ``expires``.

    Raises:
        UsageError: if none is given, or one can't be read or is of another kind.
    """
    if not any(text.strip() for text in texts):
        raise _no_key("--key", "none, or an empty one", "Pin the public key of those who may sign for the gate.")
    keys: list[TrustedKey] = []
    for text in texts:
        if text.strip().startswith(_SSH):
            keys.append(TrustedKey(name="the key given", key=_public(text.encode(), "--key")))
        elif text.endswith(".toml"):
            keys += _from_file(Path(text))
        else:
            keys.append(TrustedKey(name=Path(text).name, key=_public(_read(Path(text)), text)))
    return tuple(keys)


def trusted_key(
    public: str, *, name: str, gates: tuple[str, ...], expires: datetime.date | None, where: str
) -> TrustedKey:
    """Return a key to trust from the line of OpenSSH that stands in somebody's rules.

    Raises:
        UsageError: if it is none.
    """
    return TrustedKey(name=name, key=_public(public.encode(), f"{where}: {name}"), gates=gates, expires=expires)


def public_half(key: Ed25519PrivateKey) -> SSlibKey:
    """Return the public key that belongs to a private one."""
    return SSlibKey.from_crypto(key.public_key())


def _from_file(path: Path) -> list[TrustedKey]:
    try:
        entries = _KeyFile.model_validate(tomllib.loads(_read(path).decode())).key
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _no_key(str(path), one_line(f"no TOML ({error})", 120), "Correct the file.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _no_key(str(path), one_line(f"{where}: {first['msg']}", 160), "Correct the entry.") from error
    if not entries:
        raise _no_key(str(path), "no [[key]]", "Pin the public key of those who may sign for the gate.")
    found = [
        TrustedKey(
            name=each.name,
            key=_public(each.public.encode(), f"{path}: {each.name}"),
            gates=each.gates,
            expires=each.expires,
        )
        for each in entries
    ]
    ids = [each.key.keyid for each in found]
    if twice := next((each.name for index, each in enumerate(found) if ids[index] in ids[:index]), None):
        raise _no_key(str(path), f"the key of {twice} twice", "Leave each key in it once: which entry counts?")
    return found


def _public(data: bytes, where: str) -> SSlibKey:
    if b"PRIVATE KEY" in data:
        raise _no_key(where, "a private key", "Give the public half; keep this one where nobody reads it.")
    load = load_ssh_public_key if data.lstrip().startswith(_SSH.encode()) else load_pem_public_key
    try:
        key = load(data.strip())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(where, "no public key", "Give a line of OpenSSH or a PEM file.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(where, "a key of another kind", "Make one: ssh-keygen -t ed25519.")
    return SSlibKey.from_crypto(key)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _no_key(str(path), "no file that can be read", "Name the file of the key.") from error
    if len(data) > _LARGEST_BYTES:
        raise EvidenceError(str(path), got="more than 64 KiB", expected="a key", action="Name the file of the key.")
    return data


def _no_key(where: str, got: str, action: str) -> UsageError:
    return UsageError(where, got=got, expected="an ed25519 key", action=action)
