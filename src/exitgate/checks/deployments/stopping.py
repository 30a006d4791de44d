"""Does a workload end well when it is told to (3.5.B.3)?"""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.pressure import MOST_STARVED_PERCENT
from exitgate.observe.stopping import Stopping


def rude_stops(seen: Stopping) -> list[Finding]:
    """Name what a workload did wrong when it was stopped: stayed, dropped requests, or ended with an error.

    Raises:
        PrerequisiteMissing: if no request was in flight, or this machine was too busy to blame the workload.
    """
    if not seen.in_flight:
        raise _not_known(seen, "no request was in flight when it was stopped", "some, or nothing is said about them")
    findings = [*_stayed(seen), *_dropped(seen), *_erred(seen)]
    # A machine without time makes answers late; it closes no connections, and ends no program with an error.
    is_late_alone = seen.exit_code == 0 and all(each.failure == "timeout" for each in seen.failed_in_flight)
    if findings and is_late_alone and seen.starved_percent > MOST_STARVED_PERCENT:
        raise _not_known(seen, f"it waited for a processor for {seen.starved_percent:.0f} % of the time", "time to end")
    return findings


def _stayed(seen: Stopping) -> list[Finding]:
    if not seen.was_killed:
        return []
    return [
        Finding(
            location=seen.location,
            message=f"{seen.workload} does not end on {seen.signal} and is killed",
            expected=f"an end within its stop timeout of {seen.stop_timeout_s:g} s",
            got=f"it still ran then; its log says: {seen.last_words}",
            remedy="Start the server itself as the container's first process, and have it end on its stop signal.",
        )
    ]


def _dropped(seen: Stopping) -> list[Finding]:
    failed = seen.failed_in_flight
    if not failed:
        return []
    kinds = sorted({f"{each.stream} ({each.failure}{f' {each.status}' if each.status else ''})" for each in failed})
    return [
        Finding(
            location=seen.location,
            message=f"{seen.workload} drops requests in flight when it is stopped",
            expected="an answer to every request that had begun before the signal",
            got=f"{len(failed)} of {len(seen.in_flight)} failed: {', '.join(kinds)}",
            remedy="On the stop signal take no new connections, answer what has begun, and close databases after that.",
        )
    ]


def _erred(seen: Stopping) -> list[Finding]:
    if seen.exit_code == 0 or seen.was_killed:
        return []
    return [
        Finding(
            location=seen.location,
            message=f"{seen.workload} ends with an error on {seen.signal}",
            expected="exit code 0",
            got=f"exit code {seen.exit_code} after {seen.took_s:.1f} s; its log says: {seen.last_words}",
            remedy="Handle the stop signal, and leave with 0 when everything is answered and closed.",
        )
    ]


def _not_known(seen: Stopping, got: str, expected: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"the stop of {seen.workload}",
        got=got,
        expected=expected,
        action="Declare a slower kind of request, or run again when this machine has less to do.",
    )
