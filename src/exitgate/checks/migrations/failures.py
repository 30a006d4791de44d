"""Migrations that fail: each way is noticed, recorded, and changes nothing."""

from __future__ import annotations

from exitgate.checks.migrations.told import told
from exitgate.finding import Finding
from exitgate.observe.migrations.replica import NOTHING
from exitgate.observe.migrations.simulations import Simulations
from exitgate.policy.migrations import LockPolicy

WORDS = {
    "syntax-error": "a syntax error",
    "constraint-violation": "a violated constraint",
    "lock-timeout": "a lock not had in time",
    "connection-cut": "a cut connection",
    "killed-process": "the migrating process killed",
    "permission-denied": "a permission refused",
    "disk-full": "the disk full",
    "checksum-changed": "an applied migration edited",
}


def unnoticed_failures(simulations: Simulations, kind: str, folder: str) -> list[Finding]:
    """Say where one failure is not noticed, not recorded, goes on, or does harm."""
    seen, what = simulations.by_kind[kind], WORDS[kind]
    faults = []
    if seen.exit_code in (None, 0):
        faults.append(("the deployment does not exit non-zero", f"exit code {seen.exit_code}; it said: {seen.said}"))
    elif seen.said == NOTHING and kind != "killed-process":
        faults.append(("the deployment ends without a word of it", "an empty log"))
    if seen.listened or seen.answered:
        got = "it answered its health check" if seen.answered else "a listening socket"
        faults.append(("the new version listens on its port", got))
    if seen.recorded == "finished":
        faults.append(("the migration is recorded as finished", "finished"))
    if simulations.keeps_failures and seen.recorded == "absent" and kind not in ("connection-cut", "killed-process"):
        faults.append(("the migration is not recorded as failed", "no entry"))
    if seen.later_applied:
        faults.append(("a later migration is applied all the same", "applied"))
    if not seen.lock_free:
        faults.append(("the migration lock stays taken", "held 10 s later"))
    faults += [("data is changed", each) for each in seen.lost]
    return [
        told(
            folder,
            f"with {what}, {fault}",
            "a failure that is noticed, recorded and stops there",
            got,
            "Run each migration by the tool's own command, and let no script ignore its exit code.",
        )
        for fault, got in faults
    ]


def unnoticed_refusals(simulations: Simulations, folder: str) -> list[Finding]:
    """Say where it is not noticed that the database refuses a migration, for lack of permission or of room.

    Raises:
        PrerequisiteMissing: if one of the two could not be tried, and nothing is wrong with the other.
    """
    return _of_kinds(simulations, ("permission-denied", "disk-full"), folder)


def _of_kinds(simulations: Simulations, kinds: tuple[str, ...], folder: str) -> list[Finding]:
    findings = [
        finding
        for kind in kinds
        if kind not in simulations.untried
        for finding in unnoticed_failures(simulations, kind, folder)
    ]
    for kind in kinds:
        if not findings and kind in simulations.untried:
            raise simulations.untried[kind]
    return findings


def endless_waits(simulations: Simulations, locks: LockPolicy, folder: str) -> list[Finding]:
    """Name each migration since the previous release that waits longer for a table than the policy lets it.

    Where each gives up in time, say where it is not noticed that one does.

    Raises:
        PrerequisiteMissing: if nothing is wrong with them, and a migration that gives up could not be tried.
    """
    waiting = [
        told(
            wait.path,
            f"the migration {wait.migration} waits for a table's lock without giving up in time",
            f"an end within {locks.lock_timeout_ms} ms: everything that comes later queues behind it",
            f"still waiting after {wait.waited_ms} ms",
            f"Begin it with SET lock_timeout = '{locks.lock_timeout_ms}ms'.",
        )
        for wait in simulations.lock_waits
        if wait.waits
        and wait.path in simulations.pending
        and (not wait.gave_up or wait.waited_ms > locks.lock_timeout_ms + 1000)
    ]
    return waiting or _of_kinds(simulations, ("lock-timeout",), folder)
