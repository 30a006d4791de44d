"""What was verified of a bundle, and what was not, in plain words."""

from __future__ import annotations

from exitgate.attestation.verify import Asked, Verified


def words_of(verified: Verified, asked: Asked) -> list[str]:
    """Return the lines that `exitgate verify` prints."""
    statement, facts = verified.statement, verified.statement.facts
    rehearsal = ", a rehearsal, which shows that the checks work and no more" if facts.rehearsal else ""
    lines = [
        f"The verdict on {facts.gate}: {facts.verdict.words}{rehearsal}.",
        f"It is about {statement.predicate.resource_uri} at commit {statement.commit}.",
        *(f"Image of {name}: {digest}." for name, digest in sorted(statement.images.items())),
        f"Signed by {verified.key.name} (key {verified.key.key.keyid[:16]}), which you trust; it holds until {facts.expires}.",
        f"{verified.files} files, {verified.size_bytes:,} bytes: each as it was signed, none missing, none added.",
        "The record, its evidence and the statement say the same.",
    ]
    if facts.ledger_head:
        lines.append(f"The ledger's chain holds; {facts.runs} runs of this gate on this commit led here.")
    unasked = [
        name
        for name, given in (
            ("that it is the gate you mean (--gate)", asked.gate),
            ("that it is the target you mean (--target)", asked.target),
            ("that it is the commit you mean (--commit)", asked.commit),
            ("that these are the images you mean (--image)", asked.images),
            ("that the policy is the one you agreed to (--policy)", asked.policy_digest),
            ("that the plan is the one you agreed to (--plan)", asked.plan_digest),
            ("that no later run came to another verdict (--ledger)", asked.ledger),
        )
        if not given
    ]
    if not facts.ledger_head:
        unasked.append("how many runs led here: no ledger was kept")
    return lines + [f"Not verified: {each}." for each in unasked]
