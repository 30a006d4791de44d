"""Whether a workload works while confined: it answers with its own settings, and its root file system is read-only."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.life import Life


def confinement_breaks(life: Life) -> list[Finding]:
    """Say where the workload does not answer under its settings, or could write to its root file system."""
    findings = []
    if not life.answered:
        findings.append(
            Finding(
                location=life.locations.definition,
                message=f"the workload does not answer when run with its {life.locations.noun}'s settings",
                expected="a 2xx answer on its health path",
                got=life.failure,
                remedy="Run the image with the same settings by hand; the container's log is among the evidence.",
            )
        )
    if (life.answered or life.root_options) and "ro" not in life.root_options:
        findings.append(
            Finding(
                location=life.locations.read_only_root,
                message="the root file system of the running container can be written to",
                expected="mounted ro",
                got=f"mounted {','.join(life.root_options) or 'in a way that could not be read'}",
                remedy=f"Set {life.locations.read_only_root_key} to true, and give the paths that must be written a volume.",
            )
        )
    return findings
