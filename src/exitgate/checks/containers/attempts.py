"""What the kernel let a workload do that it must refuse."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.attempts import Attempts
from exitgate.settings import Locations

_MOST_NAMED = 5
_REMEDIES = {
    "root-filesystem": "Set {key} to true in the {noun}.",
    "privilege-escalation": "Run as a user other than root, and take setuid files and files with capabilities out of the image.",
    "raw-socket": "Drop ALL capabilities, NET_RAW among them, and do not run as root.",
    "device": "Drop ALL capabilities, MKNOD among them; never run privileged.",
    "mount": "Drop ALL capabilities, SYS_ADMIN among them; never run privileged or without seccomp.",
}


def granted_attempts(attempts: Attempts, kind: str) -> list[Finding]:
    """Name what was tried and was not refused: the first five of a kind, and how many more there are.

    Raises:
        ObservationError: if nothing of that kind was tried.
    """
    granted = [attempt for attempt in attempts.of(kind) if not attempt.refused]
    location = _location(attempts.locations, kind)
    findings = [
        Finding(
            location=f"image:{attempt.where}" if attempt.kind == "privilege-escalation" and attempt.where else location,
            message=f"the workload may {attempt.what}",
            expected="a refusal by the kernel",
            got=attempt.answer,
            remedy=_REMEDIES[attempt.kind].format(
                key=attempts.locations.read_only_root_key, noun=attempts.locations.noun
            ),
        )
        for attempt in granted[:_MOST_NAMED]
    ]
    if len(granted) > _MOST_NAMED:
        rest = len(granted) - _MOST_NAMED
        findings.append(
            Finding(
                location=location,
                message=f"{rest} more attempts of this kind are not refused",
                expected="none",
                got=str(rest),
                remedy="The evidence lists them all.",
            )
        )
    return findings


def _location(locations: Locations, kind: str) -> str:
    """Return where the settings stand that decide an attempt; one through a file of the image is located there instead."""
    match kind:
        case "root-filesystem":
            return locations.read_only_root
        case "privilege-escalation":
            return locations.user
        case _:
            return locations.capabilities
