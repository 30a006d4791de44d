"""The previous release's own integration tests pass on the new release's schema."""

from __future__ import annotations

from exitgate.checks.migrations.told import told
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.predecessor_run import TestRun
from exitgate.observe.migrations.predecessor_tests import PredecessorTests

_SUBJECT = "the previous release's integration tests"
_REMEDY = "Expand first: keep what the previous release uses, and contract later."


def broken_predecessor_tests(tests: PredecessorTests, folder: str) -> list[Finding]:
    """Name each test that fails on the new schema, each time, and passes on the release's own.

    Raises:
        PrerequisiteMissing: if none is found, and tests fail on the release's own schema as well or but now and then, or migrate
            no database.
        ObservationError: if none is found, and none ran.
    """
    failing = _failing(tests)
    if not failing:
        _refuse_to_say_that_all_is_well(tests)
    return [
        told(
            folder,
            f"an integration test of {tests.previous} fails on the new release's schema",
            "to pass, as on its own schema: both releases run at once during a rollout",
            each,
            _REMEDY,
        )
        for each in failing
    ]


def _failing(tests: PredecessorTests) -> list[str]:
    new, own, again = tests.on_new, tests.on_own, tests.again
    if own is None or not own.migrated or again is None or again.is_clean:
        return []
    once_more = {each.name for each in again.failed}
    named = [each for each in new.failed if each.name in once_more and _passes(each.name, own)]
    if not named and own.is_clean and not new.failed:
        # They fail without a test that does: they end too late, or before they come to one.
        return [_end(new)]
    return [f"{each.name}: {each.said}" for each in named]


def _passes(name: str, own: TestRun) -> bool:
    """Say whether a test passes on its own schema: by its result there, else by how all ended.

    A hook, for one, has a result only where it fails.
    """
    seen = {each.outcome for each in own.results if each.name == name}
    return "failed" not in seen and ("passed" in seen or (own.is_clean and not seen))


def _refuse_to_say_that_all_is_well(tests: PredecessorTests) -> None:
    """Say why nothing can be told where no test was found failing; return where all of them passed on the new schema."""
    if (own := tests.on_own) is not None and own.is_clean and not own.migrated:
        raise _unmigrated(tests)
    if own is not None:
        skipped = own.is_clean and any(not _passes(each.name, own) for each in tests.on_new.failed)
        raise PrerequisiteMissing(
            f"{_SUBJECT}, {tests.previous}",
            got=f"{'skipped on its own schema' if skipped else 'now and then'}: {_trouble(tests.on_new)}"
            if own.is_clean
            else f"on its own schema too: {_trouble(own)}",
            expected="tests that pass on the schema that they were written for, each time",
            action="See their output among the evidence.",
        )
    if not tests.on_new.ran:
        raise ObservationError(
            f"{_SUBJECT}, {tests.previous}",
            got="exit code 0, and no test that ran",
            expected="at least one",
            action="Correct command or results in [service.migrations.integration].",
        )
    if not tests.on_new.migrated:
        raise _unmigrated(tests)


def _unmigrated(tests: PredecessorTests) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"{_SUBJECT}, {tests.previous}",
        got="no database to which they applied the service's migrations",
        expected="tests, or a command, that do: else nobody knows on which schema they ran",
        action="Begin the command with what applies them, e.g. prisma migrate deploy.",
    )


def _trouble(run: TestRun) -> str:
    return f"{run.failed[0].name}: {run.failed[0].said}" if run.failed else _end(run)


def _end(run: TestRun) -> str:
    return "they do not end in time" if run.exit_code is None else f"exit code {run.exit_code}: {run.said}"
