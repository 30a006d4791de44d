"""What became of the messages that a workload took while its versions were replaced (3.5.C.2)."""

from __future__ import annotations

from exitgate.checks.deployments.rolling import of_the_target
from exitgate.errors import ObservationError
from exitgate.finding import Finding
from exitgate.observe.rollout.facts import Rollout


def lost_messages(rollout: Rollout) -> list[Finding]:
    """Say of which kind messages were lost, or handled more than once; nothing where the workload takes none.

    Raises:
        ObservationError: if of some kind none was published.
        PrerequisiteMissing: if it may be the machine's doing.
    """
    findings = []
    for kind in rollout.messages:
        if not kind.published:
            raise ObservationError(
                f"rollout of {rollout.workload}",
                got=f"no message of kind {kind.name} was published",
                expected="some from before the rollout until after it",
                action="Report it, with the evidence.",
            )
        if kind.handled != kind.published:
            lost = kind.handled < kind.published
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"messages of kind {kind.name!r} were {'lost' if lost else 'handled twice'} during the rollout",
                    expected=f"{kind.published} effects of {kind.published} messages that the broker had confirmed",
                    got=f"{kind.handled}",
                    remedy="Acknowledge a message once it is handled, give back on the stop signal what is not, and handle "
                    "a repeated one once.",
                )
            )
    return of_the_target(rollout, findings)
