"""Rules for executed migrations: each with what is sound and with each fault that it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.migrations import (
    broken_predecessors,
    disturbed_releases,
    drifts,
    early_listeners,
    endless_waits,
    failing_migrations,
    lossy_upgrades,
    repeated_migrations,
    stuck_starts,
    surviving_starts,
    unclean_recoveries,
    unnoticed_failures,
    unnoticed_refusals,
    unsafe_contention,
)
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.migrations.lock_waits import LockWait
from exitgate.observe.migrations.recovery import Step
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.rollback import Rollback
from exitgate.observe.migrations.simulations import Simulation, Simulations
from exitgate.observe.migrations.starts import BlockedStart, Killed, StartRace
from exitgate.observe.migrations.tool import Applied
from exitgate.observe.migrations.upgrades import StagingRun
from exitgate.policy import LockPolicy

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="PostgreSQL")
WELL = Start(answered=True, listened=True, exit_code=None, said="listening", seconds=1.0)
ENDED = Start(answered=False, listened=False, exit_code=1, said="P3018", seconds=1.0)
LOCKS = LockPolicy(lock_timeout_ms=2000, statement_timeout_ms=60000, longest_blocking_ms=3000)
RACE = StartRace(
    substrate=SUBSTRATE,
    committed=("1", "2"),
    starts=(WELL, WELL),
    applied=(Applied(name="1", finished=True), Applied(name="2", finished=True)),
    served_while_held=False,
    applied_while_held=(),
    after_release=WELL,
    held_s=3.0,
    rest_s=2.0,
    killed=Killed(starts=(WELL, WELL), applied=(Applied(name="1", finished=True), Applied(name="2", finished=True))),
)
BLOCKED = BlockedStart(substrate=SUBSTRATE, broken=ENDED, steps=(Step(command="x", failure=""),), mended=WELL)
STAGING = StagingRun(
    substrate=SUBSTRATE,
    from_empty=WELL,
    missing=(),
    previous="v1",
    rows=3,
    upgrade="",
    lost=(),
    drift=(),
    paths_differ=(),
)
SIMULATED = Simulation(
    kind="syntax-error",
    exit_code=1,
    listened=False,
    answered=False,
    said="P3018",
    recorded="failed",
    later_applied=False,
    lost=(),
    lock_free=True,
)
ROLLBACK = Rollback(
    substrate=SUBSTRATE,
    previous="v1",
    requests=9,
    failures=(),
    broken=ENDED,
    steps=(),
    open=(),
    drift=(),
    drift_beside=(),
    lost=(),
    new_release=WELL,
    previous_on_new=(),
    reads=2,
    new_on_old_rows=(),
)


REFUSALS = Simulations(
    substrate=SUBSTRATE,
    by_kind={kind: replace(SIMULATED, kind=kind, requests=5) for kind in ("permission-denied", "disk-full")},
    lock_waits=(),
    pending=frozenset(),
    previous="v1",
)


def simulations(one: Simulation = SIMULATED, *waits: LockWait) -> Simulations:
    return Simulations(
        substrate=SUBSTRATE, by_kind={one.kind: one}, lock_waits=waits, pending=frozenset({"m/2/migration.sql"})
    )


def test_what_is_sound_has_no_finding() -> None:
    assert repeated_migrations(RACE, "m") + unsafe_contention(RACE, "m") == []
    assert surviving_starts(BLOCKED, "m") + early_listeners(BLOCKED, "m") + stuck_starts(BLOCKED, "m") == []
    assert failing_migrations(STAGING, "m") + lossy_upgrades(STAGING, "m") + drifts(STAGING, "m") == []
    assert unnoticed_failures(simulations(), "syntax-error", "m") + unnoticed_refusals(REFUSALS, "m") == []
    assert (
        disturbed_releases(ROLLBACK, REFUSALS, "m")
        + unclean_recoveries(ROLLBACK, "m")
        + broken_predecessors(ROLLBACK, "m")
        == []
    )


def test_a_recovery_that_leaves_a_trigger_is_told_and_one_that_could_not_be_compared_is_not_taken_for_clean() -> None:
    (finding,) = unclean_recoveries(replace(ROLLBACK, drift_beside=("trigger t of orders (…) is there as well",)), "m")
    assert "does not end clean" in finding.message
    assert finding.got == "trigger t of orders (…) is there as well"
    with pytest.raises(PrerequisiteMissing, match="no new release that comes up on an empty database"):
        unclean_recoveries(replace(ROLLBACK, drift_beside=None), "m")
    assert len(unclean_recoveries(replace(ROLLBACK, drift_beside=None, open=("x",)), "m")) == 1


def test_what_nobody_was_asked_for_is_not_taken_for_well() -> None:
    with pytest.raises(ObservationError, match="no request to it while the deployment failed"):
        disturbed_releases(replace(ROLLBACK, requests=0), REFUSALS, "m")
    with pytest.raises(PrerequisiteMissing, match="no request that reads what the previous release wrote"):
        broken_predecessors(replace(ROLLBACK, reads=0), "m")
    assert len(broken_predecessors(replace(ROLLBACK, reads=0, new_release=ENDED), "m")) == 1


def test_replicas_that_do_not_come_up_and_migrations_that_are_not_applied_once() -> None:
    twice = (*RACE.applied, Applied(name="1", finished=False))
    messages = [each.message for each in repeated_migrations(replace(RACE, starts=(WELL, ENDED), applied=twice), "m")]
    assert messages == ["a replica of several that start at once does not come up", "1 is not applied exactly once"]
    assert len(repeated_migrations(replace(RACE, applied=()), "m")) == 2


def test_a_lock_that_is_not_respected_or_not_taken_up_again() -> None:
    race = replace(RACE, served_while_held=True, applied_while_held=("1",), after_release=ENDED)
    assert len(unsafe_contention(race, "m")) == 3


def test_a_lock_that_is_held_for_less_than_what_is_left_of_a_start_says_nothing_of_who_serves_ahead() -> None:
    slow = replace(RACE, held_s=8.0, rest_s=11.0)
    with pytest.raises(PrerequisiteMissing, match="lock that was held for 8 s, and 11 s until the replica answered"):
        unsafe_contention(slow, "m")
    assert unsafe_contention(replace(slow, held_s=11.0), "m") == []
    assert len(unsafe_contention(replace(slow, served_while_held=True), "m")) == 1


def test_a_killed_holder_of_the_lock_that_leaves_the_others_behind() -> None:
    race = replace(RACE, killed=Killed(starts=(WELL, ENDED, ENDED), applied=(Applied(name="1", finished=True),)))
    messages = [each.message for each in unsafe_contention(race, "m")]
    assert messages == [
        "a replica does not come up after the one that held the migration lock was killed",
        "2 is not applied exactly once where the replica that held the migration lock was killed",
    ]
    assert unsafe_contention(replace(RACE, killed=Killed(starts=(), applied=())), "m")


def test_a_lock_that_stays_taken_is_told_once_and_with_the_pooler_that_keeps_it() -> None:
    race = replace(RACE, lock_stays=True, killed=None)
    assert [(each.message, each.got) for each in unsafe_contention(race, "m")] == [
        ("the migration lock stays taken after every replica has come up", "still taken")
    ]
    (found,) = unsafe_contention(replace(race, pooler="transaction"), "m")
    assert found.got == "still taken, by a session that the pooler keeps in transaction mode"
    assert unsafe_contention(replace(RACE, pooler="session"), "m") == []


def test_a_refusal_that_could_not_be_tried_is_not_assessed_unless_the_other_one_is_wrong() -> None:
    missing = PrerequisiteMissing("server", got="no disk", expected="one", action="Run without.")
    seen = {"permission-denied": REFUSALS.by_kind["permission-denied"]}
    given = replace(REFUSALS, by_kind=seen, untried={"disk-full": missing})
    with pytest.raises(PrerequisiteMissing, match="no disk"):
        unnoticed_refusals(given, "m")
    wrong = {"permission-denied": replace(seen["permission-denied"], exit_code=0)}
    assert [each.message for each in unnoticed_refusals(replace(given, by_kind=wrong), "m")] == [
        "with a permission refused, the deployment does not exit non-zero"
    ]


def test_a_tool_that_keeps_no_failures_need_not_tell_of_one() -> None:
    absent = simulations(replace(SIMULATED, recorded="absent"))
    assert [each.message for each in unnoticed_failures(absent, "syntax-error", "m")] == [
        "with a syntax error, the migration is not recorded as failed"
    ]
    assert unnoticed_failures(replace(absent, keeps_failures=False), "syntax-error", "m") == []
    finished = replace(simulations(replace(SIMULATED, recorded="finished")), keeps_failures=False)
    assert unnoticed_failures(finished, "syntax-error", "m")


def test_without_a_schema_the_two_ways_are_compared_all_the_same() -> None:
    missing = PrerequisiteMissing("settings", got="no schema", expected="one", action="Add it.")
    with pytest.raises(PrerequisiteMissing, match="no schema"):
        drifts(replace(STAGING, no_schema=missing), "m")
    assert len(drifts(replace(STAGING, no_schema=missing, paths_differ=("y",)), "m")) == 1


def test_what_the_tools_own_status_says_is_a_finding() -> None:
    (found,) = failing_migrations(replace(STAGING, pending=("exit code 1: pending: 2",)), "m")
    assert found.got == "exit code 1: pending: 2"


@pytest.mark.parametrize(
    ("kind", "words"), [("permission-denied", "a permission refused"), ("disk-full", "the disk full")]
)
def test_each_refusal_of_the_database_has_to_be_noticed(kind: str, words: str) -> None:
    seen = {**REFUSALS.by_kind, kind: replace(REFUSALS.by_kind[kind], exit_code=0)}
    found = unnoticed_refusals(replace(REFUSALS, by_kind=seen), "m")
    assert [each.message for each in found] == [f"with {words}, the deployment does not exit non-zero"]


def test_a_refusal_that_was_not_tried_is_no_pass() -> None:
    with pytest.raises(KeyError):
        unnoticed_refusals(replace(REFUSALS, by_kind={}), "m")


def test_the_previous_release_has_to_serve_through_every_failure() -> None:
    seen = {**REFUSALS.by_kind, "disk-full": replace(REFUSALS.by_kind["disk-full"], failures=("GET /: 500",))}
    found = disturbed_releases(ROLLBACK, replace(REFUSALS, by_kind=seen), "m")
    assert [each.message for each in found] == ["v1 fails requests while a deployment beside it fails by the disk full"]


def test_what_is_applied_has_to_be_what_is_committed() -> None:
    found = failing_migrations(replace(STAGING, edited=("1",)), "m")
    assert [(each.location, each.message) for each in found] == [
        ("m/1", "1 is applied with another text than is committed")
    ]


def test_a_failure_that_does_not_stop_the_start() -> None:
    assert surviving_starts(replace(BLOCKED, broken=WELL), "m")[0].got.startswith("it went on")
    assert surviving_starts(replace(BLOCKED, broken=replace(ENDED, exit_code=0)), "m")
    assert early_listeners(replace(BLOCKED, broken=replace(ENDED, listened=True)), "m")


def test_a_recovery_that_fails_and_a_start_that_stays_stuck() -> None:
    blocked = replace(BLOCKED, steps=(Step(command="psql", failure="no"),), mended=ENDED)
    assert len(stuck_starts(blocked, "m")) == 2


def test_staging_tells_each_fault() -> None:
    assert failing_migrations(replace(STAGING, missing=("2",)), "m")[0].location == "m/2"
    assert len(lossy_upgrades(replace(STAGING, upgrade="exit code 1", lost=("a: gone",)), "m")) == 2
    assert len(drifts(replace(STAGING, drift=("x",), paths_differ=("y",)), "m")) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exit_code": 0}, "does not exit non-zero"),
        ({"exit_code": None}, "does not exit non-zero"),
        ({"said": "nothing"}, "ends without a word of it"),
        ({"listened": True}, "the new version listens on its port"),
        ({"answered": True}, "the new version listens on its port"),
        ({"recorded": "finished"}, "is recorded as finished"),
        ({"recorded": "absent"}, "is not recorded as failed"),
        ({"later_applied": True}, "a later migration is applied"),
        ({"lock_free": False}, "the migration lock stays taken"),
        ({"lost": ("orders: gone",)}, "data is changed"),
    ],
)
def test_a_failure_that_is_not_noticed(change: dict[str, object], words: str) -> None:
    found = unnoticed_failures(simulations(replace(SIMULATED, **change)), "syntax-error", "m")  # type: ignore[arg-type]
    assert [words in each.message for each in found] == [True]


def test_a_wait_without_end_counts_for_what_can_still_be_changed() -> None:
    wait = LockWait(migration="2", path="m/2/migration.sql", waited_ms=4000, gave_up=False, waits=True)
    given_up = replace(SIMULATED, kind="lock-timeout")
    assert len(endless_waits(simulations(given_up, wait), LOCKS, "m")) == 1
    assert endless_waits(simulations(given_up, replace(wait, path="m/1/migration.sql")), LOCKS, "m") == []
    assert endless_waits(simulations(given_up, replace(wait, waited_ms=2010, gave_up=True)), LOCKS, "m") == []


def test_a_process_that_ends_without_a_word_is_told_unless_it_was_killed() -> None:
    (finding,) = surviving_starts(replace(BLOCKED, broken=replace(ENDED, said="nothing")), "m")
    assert finding.message == "with a failing migration the process ends without a word of it"
    killed = simulations(replace(SIMULATED, kind="killed-process", said="nothing"))
    assert unnoticed_failures(killed, "killed-process", "m") == []


def test_a_migration_that_gives_up_has_to_be_noticed_and_to_be_tried() -> None:
    (finding,) = endless_waits(simulations(replace(SIMULATED, kind="lock-timeout", exit_code=None)), LOCKS, "m")
    assert finding.message == "with a lock not had in time, the deployment does not exit non-zero"
    missing = PrerequisiteMissing("migrations", got="exit code 1", expected="a schema", action="Mend them first.")
    untried = replace(REFUSALS, untried={"lock-timeout": missing})
    with pytest.raises(PrerequisiteMissing, match="Mend them first"):
        endless_waits(untried, LOCKS, "m")


def test_a_rollback_that_does_harm() -> None:
    assert disturbed_releases(replace(ROLLBACK, failures=("GET /: 500",)), REFUSALS, "m")
    bad = replace(ROLLBACK, steps=(Step(command="x", failure="y"),), open=("9",), drift=("d",), lost=("l",))
    assert len(unclean_recoveries(bad, "m")) == 4
    bad = replace(ROLLBACK, previous_on_new=("POST",), new_release=ENDED, new_on_old_rows=("GET",))
    assert len(broken_predecessors(bad, "m")) == 3
