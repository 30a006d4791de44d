"""What is known of a gate that had to be passed before this one: what its signed statement says, or why it does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierGate(Observation):
    """The statement on an earlier gate, its signature verified against the keys that the target's rules trust."""

    gate: str
    """E.g. ``gate1``."""
    location: str
    """Where the statement lies."""
    refused: str = ""
    """Why the statement does not hold, e.g. a signature by a foreign key; empty where it does, and the rest is what it says."""
    demanded: str = ""
    """What it should have been, where it was refused."""
    signer: str = ""
    """The name of the trusted key that signed it."""
    signs_this_gate: bool = False
    """Whether the same key is trusted to sign for the gate that builds on this one."""
    passed: bool = False
    """Whether it says passed, of no rehearsal."""
    verdict: str = ""
    """What it says, in words."""
    commit: str = ""
    """The commit that was judged."""
    is_in_history: bool = False
    """Whether the judged commit of this run descends from that one, or is it."""
