"""Starts: of many at once each migration is applied once, and one that fails keeps the service from serving."""

from __future__ import annotations

from collections import Counter

from exitgate.checks.migrations.told import told
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.replica import NOTHING
from exitgate.observe.migrations.starts import BlockedStart, Killed, StartRace
from exitgate.observe.migrations.tool import Applied

_RECOVERY = "the documented recovery"


def repeated_migrations(race: StartRace, folder: str) -> list[Finding]:
    """Say where replicas that started at once did not all come up, or did not apply each migration once."""
    remedy = "Let replicas take turns: one migrates, the others wait and then find nothing left to do."
    findings = [
        told(
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
        findings.append(told(f"{folder}/{name}", f"{name} is not applied exactly once", "once", got, remedy))
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
    """Say where a replica served ahead of its migrations, or did not come up once the lock was free.

    Raises:
        PrerequisiteMissing: if none is found, and what is left of a start that has come to its database takes longer here than the
            lock could be held: one that serves ahead may not have come to that.
    """
    findings = []
    if race.served_while_held and len(race.applied_while_held) < len(race.committed):
        findings.append(
            told(
                folder,
                "a replica listens while another session holds the migration lock",
                "no open port before every migration is applied",
                f"{len(race.applied_while_held)} of {len(race.committed)} applied",
                "Listen after the migrations have been applied.",
            )
        )
    if race.applied_while_held:
        findings.append(
            told(
                folder,
                "migrations are applied though another session holds the migration lock",
                "nothing to be applied by two at once",
                ", ".join(race.applied_while_held),
                "Take the tool's own lock; don't switch it off.",
            )
        )
    if not race.after_release.answered:
        findings.append(
            told(
                folder,
                "a replica does not come up after the migration lock was freed",
                "the migrations to finish, and the replica to answer",
                race.after_release.said,
                "Wait for the lock, or end with an error so that the orchestrator starts another one.",
            )
        )
    if race.lock_stays:
        by = f", by a session that the pooler keeps in {race.pooler} mode" if race.pooler else ""
        findings.append(
            told(
                folder,
                "the migration lock stays taken after every replica has come up",
                "a free lock: whoever migrates next waits for it, and gives up",
                f"still taken{by}",
                "Migrate past the pooler (Prisma's directUrl), or let go of the lock where it was taken.",
            )
        )
    findings += _not_taken_over(race.killed, race.committed, folder) if race.killed else []
    if not findings and race.rest_s > race.held_s:
        raise PrerequisiteMissing(
            "this machine",
            got=f"a migration lock that was held for {race.held_s:.0f} s, and {race.rest_s:.0f} s until the replica answered",
            expected="a lock that is held for as long as a replica takes from there, and for no longer than migrators wait",
            action="Run again when this machine has less to do, or with fewer workers.",
        )
    return findings


def _not_taken_over(killed: Killed, committed: tuple[str, ...], folder: str) -> list[Finding]:
    remedy = "Hold the lock by a session that ends with its process, and let the others ask for it again and again."
    findings = [
        told(
            folder,
            "a replica does not come up after the one that held the migration lock was killed",
            "the others to take over, and all to answer",
            start.said,
            remedy,
        )
        for start in killed.starts
        if not start.answered
    ][:1]
    findings += [
        told(
            f"{folder}/{name}",
            f"{name} is not applied exactly once where the replica that held the migration lock was killed",
            "once",
            got,
            remedy,
        )
        for name, got in _not_once(committed, killed.applied)
    ]
    return findings


def surviving_starts(start: BlockedStart, folder: str) -> list[Finding]:
    """Say where a process goes on, or ends as if all were well or without a word, though its migration failed."""
    if start.broken.exit_code not in (None, 0):
        return [] if start.broken.said != NOTHING else [_silent(folder)]
    got = "it went on" if start.broken.exit_code is None else "exit code 0"
    return [
        told(
            folder,
            "with a failing migration the process does not exit non-zero",
            "an exit code other than 0",
            f"{got}; it said: {start.broken.said}",
            "Let the error of the migration end the process.",
        )
    ]


def _silent(folder: str) -> Finding:
    return told(
        folder,
        "with a failing migration the process ends without a word of it",
        "a line in its log that says why",
        "an empty log",
        "Log the error of the migration before the process ends.",
    )


def early_listeners(start: BlockedStart, folder: str) -> list[Finding]:
    """Say where a version listens or answers though its migration failed."""
    if not start.broken.listened and not start.broken.answered:
        return []
    return [
        told(
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
        told(
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
            told(
                folder,
                "the service does not start with the migration mended",
                "an answer on its health path",
                start.mended.said,
                "Write down what has to be done, and let the policy's recovery say it.",
            )
        )
    return findings
