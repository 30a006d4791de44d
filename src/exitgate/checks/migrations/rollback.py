"""After a failure: the previous release serves on, and the documented recovery ends clean."""

from __future__ import annotations

from exitgate.checks.migrations.failures import WORDS
from exitgate.checks.migrations.told import told
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.rollback import Rollback
from exitgate.observe.migrations.simulations import Simulations

_RECOVERY = "the documented recovery"


def disturbed_releases(rollback: Rollback, simulations: Simulations, folder: str) -> list[Finding]:
    """Name what went wrong with the previous release's requests while a deployment failed in any of the ways, and after.

    Raises:
        ObservationError: if none was made meanwhile.
    """
    if not rollback.requests:
        raise ObservationError(
            f"rollback to {rollback.previous}",
            got="no request to it while the deployment failed",
            expected="requests all the while",
            action="Run again when this machine has less to do.",
        )
    return [
        told(
            folder,
            f"{rollback.previous} fails requests while a deployment beside it fails",
            f"all of {rollback.requests} requests as they should be",
            each,
            "Keep locks short, and change nothing that the previous release uses.",
        )
        for each in rollback.failures
    ] + [
        told(
            folder,
            f"{simulations.previous} fails requests while a deployment beside it fails by {WORDS[each.kind]}",
            f"all of {each.requests} requests as they should be",
            failure,
            "Keep locks short, and change nothing that the previous release uses.",
        )
        for each in simulations.by_kind.values()
        for failure in each.failures
    ]


def unclean_recoveries(rollback: Rollback, folder: str) -> list[Finding]:
    """Say where the documented recovery fails, or leaves something behind.

    Raises:
        PrerequisiteMissing: if all went well, but triggers, functions and grants could not be compared.
    """
    findings = [
        told(
            "exitgate.toml",
            f"a step of {_RECOVERY} fails: {step.command}",
            "it to succeed",
            step.failure,
            "Correct the step.",
        )
        for step in rollback.steps
        if step.failure
    ]
    beside = rollback.drift_beside or ()
    left = [*(f"{name} is unsettled" for name in rollback.open), *rollback.drift, *beside, *rollback.lost]
    findings += [
        told(
            folder,
            f"{_RECOVERY} does not end clean",
            "no unsettled migration, no drift, no data lost",
            each,
            "Correct the recovery in [policy.migrations] until it does.",
        )
        for each in left
    ]
    if not findings and rollback.drift_beside is None:
        raise PrerequisiteMissing(
            folder,
            got="no new release that comes up on an empty database",
            expected="one, whose triggers, functions and grants the recovered database is compared with",
            action="See why it does not start.",
            blocked_by="3.4.C.1",
        )
    return findings


def broken_predecessors(rollback: Rollback, folder: str) -> list[Finding]:
    """Name what the previous release can't do on the new schema, and the new one with old rows.

    Raises:
        PrerequisiteMissing: if all went well, and the new release was asked for nothing that the previous one wrote.
    """
    findings = [
        told(
            folder,
            f"{rollback.previous} fails on the new release's schema",
            "its own requests to pass: both run at once during a rollout, and it is what is rolled back to",
            each,
            "Expand first: keep what the previous release uses, and contract later.",
        )
        for each in rollback.previous_on_new
    ]
    if not rollback.new_release.answered:
        findings.append(
            told(
                folder,
                "the new release does not start beside the previous one",
                "an answer",
                rollback.new_release.said,
                "See its log.",
            )
        )
    findings += [
        told(
            folder,
            f"the new release can't read what {rollback.previous} wrote",
            "its requests to pass",
            each,
            "Cope with old rows.",
        )
        for each in rollback.new_on_old_rows
    ]
    if not findings and not rollback.reads:
        raise PrerequisiteMissing(
            folder,
            got="no request that reads what the previous release wrote",
            expected="a GET among the service's requests",
            action="Add a [[service.migrations.request]] with method GET.",
        )
    return findings
