"""``exitgate attest | bundle | verify | lock check``: sign what a run left, verify it elsewhere, and let traffic in or not."""

from __future__ import annotations

import datetime
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

PublicKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="A public key to trust: a line of OpenSSH, a file of one or of PEM, or a .toml of [[key]]; may be repeated.",
    ),
]
Images = Annotated[
    list[str] | None, typer.Option("--image", metavar="NAME=DIGEST", help="A workload's image; may be repeated.")
]
_PASSPHRASE_VARIABLE = "EXITGATE_PASSPHRASE"  # noqa: S105 - the name of a variable, no secret


class Verdict(StrEnum):
    """What an assessor can have come to."""

    PASSED = "passed"
    FAILED = "failed"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(attest)
    app.command()(bundle)
    app.command()(verify)
    lock = typer.Typer(help="The lock before production's traffic.", no_args_is_help=True, rich_markup_mode=None)
    lock.callback()(_lock)
    lock.command()(check)
    app.add_typer(lock, name="lock")


def _lock() -> None:
    """Ask the lock before production's traffic."""


def attest(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="The gate that was assessed elsewhere, e.g. gate1.")],
    *,
    target: Annotated[str, typer.Option("--target", help="The target's name, as its exitgate.toml has it.")],
    commit: Annotated[str, typer.Option("--commit", help="The commit that was assessed, in full.")],
    assessor: Annotated[str, typer.Option("--assessor", help="Who came to the verdict.")],
    evidence: Annotated[
        list[Path], typer.Option("--evidence", metavar="FILE", help="What the assessor went by; may be repeated.")
    ],
    key: Annotated[
        Path,
        typer.Option("--key", metavar="FILE", help=f"The private ed25519 key; passphrase: {_PASSPHRASE_VARIABLE}."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The statement, e.g. gates/gate1.dsse.json.")],
    verdict: Annotated[Verdict, typer.Option("--verdict", help="What they came to.")] = Verdict.PASSED,
    days: Annotated[int, typer.Option("--days", help="How long the statement holds, from now.")] = 90,
) -> None:
    """Sign a statement on a gate that was assessed elsewhere. Beside it lies the manifest of the evidence, for whoever asks."""
    from exitgate.atomic import write_atomically
    from exitgate.attestation import elsewhere
    from exitgate.attestation.keys import read_private_key
    from exitgate.attestation.lock import parse_commit
    from exitgate.errors import UsageError
    from exitgate.shipped import shipped_gate

    if shipped_gate(gate) is not None:
        raise UsageError(
            gate,
            got="a gate that exitgate assesses itself",
            expected="one that was assessed elsewhere",
            action="Run it, and sign what the run leaves: `exitgate bundle`.",
        )
    statement, manifest = elsewhere.attest(
        gate,
        target=target,
        commit=parse_commit(commit),
        verdict=verdict.value,
        assessor=assessor,
        evidence=elsewhere.read_evidence(evidence),
        key=read_private_key(key, os.environ.get(_PASSPHRASE_VARIABLE, "")),
        now=_now(),
        days=days,
    )
    write_atomically(out, statement)
    write_atomically(out.with_name(f"{out.name}.manifest.json"), manifest)
    print(f"{out}: {gate} {verdict.value} for {target} at {commit[:12]}, by {assessor}, for {days} days")


def bundle(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="What a run left: the folder of its record.")],
    key: Annotated[
        Path,
        typer.Option(
            "--key", metavar="FILE", help=f"The private ed25519 key; its passphrase stands in {_PASSPHRASE_VARIABLE}."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="PATH", help="The bundle: a new folder, or a name ending in .tar.")
    ],
    days: Annotated[int, typer.Option("--days", help="How long the statement holds, from the end of the run.")] = 30,
    manifest: Annotated[
        list[str] | None,
        typer.Option(
            "--manifest",
            metavar="WORKLOAD=FILE",
            help="A manifest or index of the judged image, as its registry gives it: the statement names that digest.",
        ),
    ] = None,
) -> None:
    """Put record, evidence and ledger of a run together, and sign a statement of its verdict."""
    from exitgate.attestation.bundle import make_bundle
    from exitgate.attestation.keys import read_private_key
    from exitgate.attestation.registry import read_manifests

    private = read_private_key(key, os.environ.get(_PASSPHRASE_VARIABLE, ""))
    statement = make_bundle(source, out, private, days=days, registry=read_manifests(manifest or ()))
    facts = statement.facts
    said = f"{facts.verdict.words}{', a rehearsal' if facts.rehearsal else ''}"
    print(f"{out}: {statement.predicate.verification_result} for {facts.gate} ({said}), until {facts.expires}")


def verify(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle: a folder or a tar.")],
    *,
    key: PublicKeys = None,
    gate: Annotated[str | None, typer.Option("--gate", help="The gate that it has to be of.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="The target's name that it has to be of.")] = None,
    commit: Annotated[str | None, typer.Option("--commit", help="The commit that it has to be of.")] = None,
    image: Images = None,
    policy: Annotated[str | None, typer.Option("--policy", metavar="SHA256", help="The digest of the policy.")] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="SHA256", help="The digest of the gate's plan.")] = None,
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FILE", help="The ledger kept by you: no later run may stand in it."),
    ] = None,
) -> None:
    """Verify a bundle from a cold start. Exits 0 where every byte holds, whatever the verdict; `lock check` asks for a pass."""
    from exitgate.attestation.keys import read_trusted_keys
    from exitgate.attestation.lock import parse_commit, parse_digest, parse_images, parse_name
    from exitgate.attestation.verify import Asked, verify_bundle
    from exitgate.attestation.words import words_of

    asked = Asked(
        gate="" if gate is None else parse_name("--gate", gate),
        target="" if target is None else parse_name("--target", target),
        commit="" if commit is None else parse_commit(commit),
        images=parse_images(image or ()),
        policy_digest="" if policy is None else parse_digest("--policy", policy),
        plan_digest="" if plan is None else parse_digest("--plan", plan),
        ledger=ledger,
    )
    print("\n".join(words_of(verify_bundle(path, read_trusted_keys(key or []), asked, _now()), asked)))


def check(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="The gate that has to have passed, e.g. gate3.")],
    statement: Annotated[
        Path, typer.Option("--statement", metavar="PATH", help="The bundle, or the statement.dsse.json of it.")
    ],
    commit: Annotated[str, typer.Option("--commit", help="The commit that is released, in full.")],
    image: Images = None,
    key: PublicKeys = None,
) -> None:
    """Exit 0 only for a signed, unexpired pass of exactly this commit and these images; 1 where the lock stays closed."""
    from exitgate.attestation.keys import read_trusted_keys
    from exitgate.attestation.lock import ask_lock, parse_commit, parse_images
    from exitgate.errors import EvidenceError

    keys, images = read_trusted_keys(key or []), parse_images(image or ())
    try:
        found = ask_lock(statement, keys, gate=gate, commit=parse_commit(commit), images=images, now=_now())
    except EvidenceError as error:
        typer.echo(f"closed: {error}", err=True)
        raise typer.Exit(1) from None
    print(f"open: {gate} passed for {found.commit[:12]} and {len(images)} images, until {found.facts.expires}")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
