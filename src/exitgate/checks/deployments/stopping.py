"""Does a workload end well when it is told to (3.5.B.3)?"""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.pressure import MOST_STARVED_PERCENT
from exitgate.observe.stopping import Stopping


def rude_stops(seen: Stopping) -> list[Finding]:
    """Name what a workload did wrong when it was stopped: stayed, dropped requests, gave messages back, or ended with an error.

    Raises:
        PrerequisiteMissing: if no request was in flight, or this machine was too busy to blame the workload.
    """
    if not seen.in_flight:
        raise _not_known(seen, "no request was in flight when it was stopped", "some, or nothing is said about them")
    findings = [*_stayed(seen), *_dropped(seen), *_gave_back(seen), *_erred(seen)]
    # A machine without time makes answers late, and messages that can't be handled in time are asked for again; it closes no
    # connections, and ends no program with an error.
    is_lateness = seen.exit_code == 0 and all(each.failure == "timeout" for each in seen.failed_in_flight)
    if findings and is_lateness and seen.starved_percent > MOST_STARVED_PERCENT:
        raise _not_known(seen, f"it waited for a processor for {seen.starved_percent:.0f} % of the time", "time to end")
    if not findings:
        _demand_interrupted(seen)
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


def _gave_back(seen: Stopping) -> list[Finding]:
    """Say of which queues it took what it did not handle."""
    return [
        Finding(
            location=seen.location,
            message=f"{seen.workload} takes messages from {each.queue} that it does not handle before it ends",
            expected="that it has the broker send nothing more, handles what it has, and ends then",
            got=f"{each.given_back} of {each.waiting} messages {each.name} left had been delivered to it",
            remedy="On the stop signal cancel the consumer first, and close the connection when the last message is acknowledged.",
        )
        for each in seen.messages
        if each.given_back
    ]


def _demand_interrupted(seen: Stopping) -> None:
    """See to it that whoever takes messages was in the midst of that.

    Raises:
        PrerequisiteMissing: if it had taken none, or there was nothing left to take.
    """
    for each in seen.messages:
        if not each.handled or not each.waiting:
            got = f"{each.handled} messages {each.name} handled, {each.waiting} waiting in {each.queue} at its end"
            raise _not_known(seen, got, "some of both, or nothing is said about how it stops to take them")


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
