"""Whether each leg of the matrix runs its tests under the Node.js of its name, and keeps out what fails there alone."""

from __future__ import annotations

from exitgate.checks.pipeline.blocking import refuse_unsound
from exitgate.errors import ObservationError
from exitgate.finding import Finding
from exitgate.observe.workflow_run.legs import NodeTrials


def foreign_versions(observed: NodeTrials) -> list[Finding]:
    """Name each leg whose tests ran under another Node.js than the leg's, or did not run at all.

    Raises:
        ObservationError: if no leg was to run the failing test.
        PrerequisiteMissing: if a change that breaks nothing does not get in.
    """
    refuse_unsound(observed.everywhere)
    if not observed.legs:
        raise ObservationError(
            "the matrix", got="no leg heard of", expected="one a version", action="Run the gate again."
        )
    return [
        Finding(
            location=leg.place,
            message=f"the unit tests of {leg.name!r} do not run under Node.js {leg.wanted}",
            expected=f"a test process of Node.js {leg.wanted}",
            got=f"Node.js {', '.join(leg.seen)}" if leg.seen else "no test process that was heard of",
            remedy="Set up the leg's own version, and add `node --version` to the inputs of cached tasks.",
        )
        for leg in observed.legs
        if not leg.seen or any(not f"{version}.".startswith(f"{leg.wanted}.") for version in leg.seen)
    ]
