"""Targets with one part of a policy in TOML, and what is said of a part that is wrong."""

from __future__ import annotations

from pathlib import Path

from exitgate.policy import Policy
from exitgate.target import load_target
from tests.target_folder import SOUND, place, refusal


def policy_of(folder: Path, text: str) -> Policy:
    """Return the policy of a sound target with further tables."""
    return load_target(place(folder, SOUND + text)).policy


def refused(folder: Path, text: str, right: str, wrong: str) -> tuple[str, str, str]:
    """Return line, got and expected of the refusal of a text in which one thing stands in another's place."""
    assert right in text
    whole = SOUND + text.replace(right, wrong, 1)
    error = refusal(place(folder, whole))
    path, _, number = error.subject.rpartition(":")
    assert path == str(folder / "exitgate.toml")
    return whole.split("\n")[int(number) - 1], error.got, error.expected
