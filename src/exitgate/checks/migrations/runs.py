"""What executed migrations have to come to: applied once, noticed where they fail, taken back without harm."""

from __future__ import annotations

from collections import Counter

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.rollback import Rollback
from exitgate.observe.migrations.simulations import Simulations
from exitgate.observe.migrations.starts import BlockedStart, StartRace
from exitgate.observe.migrations.tool import Applied
from exitgate.observe.migrations.upgrades import StagingRun
from exitgate.policy.migrations import LockPolicy

_RECOVERY = "the documented recovery"


def _finding(location: str, message: str, expected: str, got: str, remedy: str) -> Finding:
    return Finding(location=location, message=message, expected=expected, got=got, remedy=remedy)


def repeated_migrations(race: StartRace, folder: str) -> list[Finding]:
    """Say where replicas that started at once did not all come up, or did not apply each migration once."""
    remedy = "Let replicas take turns: one migrates, the others wait and then find nothing left to do."
    findings = [
        _finding(
            folder,
            "a replica of several that start at once does not come up",
            "every one to answer",
            start.said,
            remedy,
        )
        for start in race.starts
        if not start.answered
    ][:1]
    for name, got in _not_once(race.committed, race.applied):
        findings.append(_finding(f"{folder}/{name}", f"{name} is not applied exactly once", "once", got, remedy))
    return findings


def _not_once(committed: tuple[str, ...], applied: tuple[Applied, ...]) -> list[tuple[str, str]]:
    counts = Counter(each.name for each in applied if not each.rolled_back)
    finished = {each.name for each in applied if each.finished}
    return [
        (name, f"{counts[name]} times, {'finished' if name in finished else 'never finished'}")
        for name in committed
        if counts[name] != 1 or name not in finished
    ]


def unsafe_contention(race: StartRace, folder: str) -> list[Finding]:
    """Say where a replica served ahead of its migrations, or did not come up once the lock was free."""
    findings = []
    if race.served_while_held and len(race.applied_while_held) < len(race.committed):
        findings.append(
            _finding(
                folder,
                "a replica listens while another session holds the migration lock",
                "no open port before every migration is applied",
                f"{len(race.applied_while_held)} of {len(race.committed)} applied",
                "Listen after the migrations have been applied.",
            )
        )
    if race.applied_while_held:
        findings.append(
            _finding(
                folder,
                "migrations are applied though another session holds the migration lock",
                "nothing to be applied by two at once",
                ", ".join(race.applied_while_held),
                "Take the tool's own lock; don't switch it off.",
            )
        )
    if not race.after_release.answered:
        findings.append(
            _finding(
                folder,
                "a replica does not come up after the migration lock was freed",
                "the migrations to finish, and the replica to answer",
                race.after_release.said,
                "Wait for the lock, or end with an error so that the orchestrator starts another one.",
            )
        )
    remedy = "Hold the lock by a session that ends with its process, and let the others ask for it again and again."
    findings += [
        _finding(
            folder,
            "a replica does not come up after the one that held the migration lock was killed",
            "the others to take over, and all to answer",
            start.said,
            remedy,
        )
        for start in race.killed.starts
        if not start.answered
    ][:1]
    findings += [
        _finding(
            f"{folder}/{name}",
            f"{name} is not applied exactly once where the replica that held the migration lock was killed",
            "once",
            got,
            remedy,
        )
        for name, got in _not_once(race.committed, race.killed.applied)
    ]
    return findings


def surviving_starts(start: BlockedStart, folder: str) -> list[Finding]:
    """Say where a process goes on, or ends as if all were well, though its migration failed."""
    if start.broken.exit_code not in (None, 0):
        return []
    got = "it went on" if start.broken.exit_code is None else "exit code 0"
    return [
        _finding(
            folder,
            "with a failing migration the process does not exit non-zero",
            "an exit code other than 0",
            f"{got}; it said: {start.broken.said}",
            "Let the error of the migration end the process.",
        )
    ]


def early_listeners(start: BlockedStart, folder: str) -> list[Finding]:
    """Say where a version listens or answers though its migration failed."""
    if not start.broken.listened and not start.broken.answered:
        return []
    return [
        _finding(
            folder,
            "with a failing migration the new version listens on its port",
            "a port that is never opened",
            "it answered its health check" if start.broken.answered else "a listening socket",
            "Apply the migrations before the server listens.",
        )
    ]


def stuck_starts(start: BlockedStart, folder: str) -> list[Finding]:
    """Say where the service does not start once the migration is mended."""
    findings = [
        _finding(
            "exitgate.toml",
            f"a step of {_RECOVERY} fails: {step.command}",
            "it to succeed",
            step.failure,
            "Correct the step.",
        )
        for step in start.steps
        if step.failure
    ]
    if not start.mended.answered:
        findings.append(
            _finding(
                folder,
                "the service does not start with the migration mended",
                "an answer on its health path",
                start.mended.said,
                "Write down what has to be done, and let the policy's recovery say it.",
            )
        )
    return findings


def failing_migrations(run: StagingRun, folder: str) -> list[Finding]:
    """Say where the migrations do not apply to an empty database, or others than the committed ones are applied."""
    findings = [
        _finding(
            f"{folder}/{name}",
            f"{name} is applied with another text than is committed",
            "the checksum in the database to be that of the committed file",
            "another one",
            "Build migrations into the image as they are committed, and put each change into a new one.",
        )
        for name in run.edited
    ]
    if not run.from_empty.answered or run.missing:
        findings.append(
            _finding(
                f"{folder}/{run.missing[0]}" if run.missing else folder,
                "the migrations do not apply to an empty database",
                "every committed migration finished, and a service that answers",
                run.from_empty.said,
                "Mend the migration that fails; on an empty database nothing may lean on data.",
            )
        )
    return findings


def lossy_upgrades(run: StagingRun, folder: str) -> list[Finding]:
    """Say where the migrations fail on the previous release's data, or change it."""
    findings = []
    if run.upgrade:
        findings.append(
            _finding(
                folder,
                f"the migrations since {run.previous} do not apply to its schema with data",
                "an exit code of 0",
                run.upgrade,
                "Add the backfill or default that rows which are there need.",
            )
        )
    findings += [
        _finding(
            folder,
            f"the migrations since {run.previous} lose data that was there",
            f"all {run.rows} rows as they were",
            each,
            "Keep what is there: expand first, and contract when no release uses it.",
        )
        for each in run.lost
    ]
    return findings


def drifts(run: StagingRun, folder: str) -> list[Finding]:
    """Name each difference between the migrated database and the schema, and between the two ways to it."""
    remedy = "Generate the migration that is missing, or put into the schema what the database has."
    findings = [
        _finding(folder, "the migrated database is not what the schema says", "no difference", each, remedy)
        for each in run.drift
    ]
    findings += [
        _finding(
            folder,
            f"a database upgraded from {run.previous} is not what an empty one becomes",
            "no difference",
            each,
            remedy,
        )
        for each in run.paths_differ
    ]
    return findings


_WORDS = {
    "syntax-error": "a syntax error",
    "constraint-violation": "a violated constraint",
    "connection-cut": "a cut connection",
    "killed-process": "the migrating process killed",
    "permission-denied": "a permission refused",
    "disk-full": "the disk full",
    "checksum-changed": "an applied migration edited",
}


def unnoticed_failures(simulations: Simulations, kind: str, folder: str) -> list[Finding]:
    """Say where one failure is not noticed, not recorded, goes on, or does harm."""
    seen, what = simulations.by_kind[kind], _WORDS[kind]
    faults = []
    if seen.exit_code in (None, 0):
        faults.append(("the deployment does not exit non-zero", f"exit code {seen.exit_code}; it said: {seen.said}"))
    if seen.recorded == "finished":
        faults.append(("the migration is recorded as finished", "finished"))
    if seen.recorded == "absent" and kind not in ("connection-cut", "killed-process"):
        faults.append(("the migration is not recorded as failed", "no entry"))
    if seen.later_applied:
        faults.append(("a later migration is applied all the same", "applied"))
    if not seen.lock_free:
        faults.append(("the migration lock stays taken", "held 10 s later"))
    faults += [("data is changed", each) for each in seen.lost]
    return [
        _finding(
            folder,
            f"with {what}, {fault}",
            "a failure that is noticed, recorded and stops there",
            got,
            "Run each migration by the tool's own command, and let no script ignore its exit code.",
        )
        for fault, got in faults
    ]


def unnoticed_refusals(simulations: Simulations, folder: str) -> list[Finding]:
    """Say where it is not noticed that the database refuses a migration, for lack of permission or of room."""
    return [
        finding
        for kind in ("permission-denied", "disk-full")
        for finding in unnoticed_failures(simulations, kind, folder)
    ]


def endless_waits(simulations: Simulations, locks: LockPolicy) -> list[Finding]:
    """Name each migration since the previous release that waits longer for a table than the policy lets it."""
    return [
        _finding(
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
        _finding(
            folder,
            f"{rollback.previous} fails requests while a deployment beside it fails",
            f"all of {rollback.requests} requests as they should be",
            each,
            "Keep locks short, and change nothing that the previous release uses.",
        )
        for each in rollback.failures
    ] + [
        _finding(
            folder,
            f"{simulations.previous} fails requests while a deployment beside it fails by {_WORDS[each.kind]}",
            f"all of {each.requests} requests as they should be",
            failure,
            "Keep locks short, and change nothing that the previous release uses.",
        )
        for each in simulations.by_kind.values()
        for failure in each.failures
    ]


def unclean_recoveries(rollback: Rollback, folder: str) -> list[Finding]:
    """Say where the documented recovery fails, or leaves something behind."""
    findings = [
        _finding(
            "exitgate.toml",
            f"a step of {_RECOVERY} fails: {step.command}",
            "it to succeed",
            step.failure,
            "Correct the step.",
        )
        for step in rollback.steps
        if step.failure
    ]
    left = [*(f"{name} is unsettled" for name in rollback.open), *rollback.drift, *rollback.lost]
    findings += [
        _finding(
            folder,
            f"{_RECOVERY} does not end clean",
            "no unsettled migration, no drift, no data lost",
            each,
            "Correct the recovery in [policy.migrations] until it does.",
        )
        for each in left
    ]
    return findings


def broken_predecessors(rollback: Rollback, folder: str) -> list[Finding]:
    """Name what the previous release can't do on the new schema, and the new one with old rows.

    Raises:
        PrerequisiteMissing: if all went well, and the new release was asked for nothing that the previous one wrote.
    """
    findings = [
        _finding(
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
            _finding(
                folder,
                "the new release does not start beside the previous one",
                "an answer",
                rollback.new_release.said,
                "See its log.",
            )
        )
    findings += [
        _finding(
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
