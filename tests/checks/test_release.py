"""What is said of a lock's answers: right ones, wrong ones, and none."""

from __future__ import annotations

from dataclasses import replace

from exitgate.assurance import Assurance
from exitgate.checks.release import lenient_locks, stuck_locks, unguarded_paths
from exitgate.observation import Substrate
from exitgate.observe.release import LockAnswer, LockTrial, LockTrials, ReleasePaths

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="a test")
OPENS = LockAnswer(case="a pass", must_open=True, reason="", exit_code=0, asked=1, said="open: gate3 passed")
REFUSES = LockAnswer(
    case="a rehearsal", must_open=False, reason="a rehearsal", exit_code=1, asked=1, said="closed: a rehearsal"
)


def trials(*answers: LockAnswer) -> LockTrials:
    return LockTrials(
        substrate=SUBSTRATE, trials=(LockTrial(place="deploy.yml:9", step="Lock", answers=answers),) if answers else ()
    )


def test_right_answers() -> None:
    assert lenient_locks(trials(OPENS, REFUSES)) == []
    assert stuck_locks(trials(OPENS, REFUSES)) == []


def test_a_lock_that_opens_for_what_did_not_pass() -> None:
    (finding,) = lenient_locks(trials(OPENS, replace(REFUSES, exit_code=0)))
    assert finding.location == "deploy.yml:9"
    assert finding.message == "'Lock' opens the way for a rehearsal"


def test_a_script_that_fails_before_it_asks_refuses() -> None:
    assert lenient_locks(trials(OPENS, replace(REFUSES, asked=0, said="jq: no such file"))) == []


def test_a_refusal_for_another_reason() -> None:
    (finding,) = lenient_locks(trials(OPENS, replace(REFUSES, said="no such option")))
    assert finding.rule == "lock/refuses-by-chance"


def test_a_lock_that_stays_closed_or_is_not_asked() -> None:
    for answer, words in (
        (replace(OPENS, exit_code=1, said="closed"), "stays closed for a pass"),
        (replace(OPENS, asked=0), "does not ask the lock"),
        (replace(OPENS, asked=0, exit_code=1), "does not ask the lock"),
    ):
        (finding,) = stuck_locks(trials(answer, REFUSES))
        assert words in finding.message


def test_no_paths_and_no_rules_are_no_pass() -> None:
    nothing = ReleasePaths(substrate=SUBSTRATE, jobs=(), everything=frozenset())
    (finding,) = unguarded_paths(nothing, None, "gate3", "exitgate.toml:1")
    assert finding.rule == "lock/no-path"
