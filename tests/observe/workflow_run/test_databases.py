"""A service's integration tests tried with CI's database and without, by a runner of the tests' own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from exitgate.checks.pipeline import untried_databases
from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Step, Workflow
from exitgate.observe.workflow_run import DatabaseTrials, read_database_trials
from exitgate.provision.confined import Ended
from exitgate.provision.workflow_run import Arrangement, Started
from exitgate.provision.workflow_run.services import DatabaseServer, Services, services_of
from tests.observe.verification.repository import verification
from tests.observe.workflow_run.small_runner import logged
from tests.observe.workflow_run.test_changes import SOUND, SmallRunner, lab_of
from tests.workflows import PATH

INTEGRATION = """\
  integration:
    runs-on: ubuntu-24.04
    services:
      db:
        image: postgres:18
        ports: ["5432:5432"]
    steps:
      - name: Install
        run: npm ci
      - name: Migrate
        run: npx prisma migrate deploy
      - name: Integration tests
        run: npm run integration
"""
TEXT = SOUND.replace("needs: [verify]", "needs: [verify, integration]").replace("  ci:\n", f"{INTEGRATION}  ci:\n")
LINE = 'exitgate {} d LOG:  statement: INSERT INTO "orders" VALUES (1)\n'
ENDED = 1767225600
"""When every step ends by the small runner, which takes 1.5 s each."""
TOOLS = {
    "npm": 'case $* in "run integration") [ "$DATABASE" != gone ] ;; test) exit 1 ;; esac\n',
    "npx": '[ "$DATABASE" != gone ]\n',
}


class Container:
    """A server's container with a log."""

    def __init__(self, log: str) -> None:
        self.log = log

    def exec_run(self, words: list[str], environment: dict[str, str], *, demux: bool) -> Any:
        return type("Done", (), {"exit_code": 0, "output": (b"[]", None)})

    def logs(self) -> bytes:
        return self.log.encode()


class WithServers(SmallRunner):
    """Tells the steps whether there is a database, and its log at the end."""

    log = LINE.format(ENDED)

    def execute(
        self,
        clone: Path,
        workflow: Workflow,
        steps: Sequence[Step],
        started: Started,
        arrangement: Arrangement | None = None,
    ) -> Ended:
        assert arrangement is not None
        assert arrangement.look is not None
        gone = "postgres" in arrangement.absent
        assert arrangement.told is not gone
        self.started.append(started)
        text = logged(workflow, clone, {"DATABASE": "gone" if gone else "here"})
        (service,) = services_of(workflow)
        server = DatabaseServer(service=service, container=cast("Any", Container(self.log)))
        arrangement.look(Services(network="", databases=() if gone else (server,)))
        return Ended(exit_code=1, output=text, errors="", seconds=1.0)


class Idle(WithServers):
    """One whose database is told something before and after the tests alone."""

    log = LINE.format(ENDED - 0.6) + LINE.format(ENDED + 1.1)


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    for name, script in TOOLS.items():
        (tmp_path / "own" / name).write_text(f"#!/bin/sh\n{script}")
        (tmp_path / "own" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "own"), prepend=":")


def tried(folder: Path, text: str, kind: type[SmallRunner] = WithServers) -> tuple[DatabaseTrials, SmallRunner]:
    (folder / "files").mkdir()
    commands = verification(folder / "files", text).commands
    with lab_of(folder, text, kind) as (lab, runner):
        return read_database_trials(lab, "shop", "apps/shop", commands, stores=True), runner


def test_tests_that_need_their_database_are_seen_using_it_and_failing_without(tmp_path: Path) -> None:
    # The unit tests fail, and stand still here: they are another control's.
    observed, runner = tried(tmp_path, TEXT)
    assert untried_databases(observed) == []
    assert observed.steps == (f"{PATH}:22",)
    (statement,) = observed.statements
    assert (statement.text, statement.times) == ('INSERT INTO "orders" VALUES (1)', 1)
    (broken,) = observed.trials.broken
    # Not where it migrates: that stands still, so that the tests are seen failing themselves.
    assert broken.failing[0] == f"{PATH}:22"
    assert broken.changed
    assert all(name.startswith("apps/shop/") for name in broken.changed)
    assert len(runner.started) == 2


def test_a_wait_for_the_database_may_fail_before_the_tests(tmp_path: Path) -> None:
    text = TEXT.replace("run: npx prisma migrate deploy", 'run: test "$DATABASE" != gone')
    observed, _ = tried(tmp_path, text)
    assert untried_databases(observed) == []
    assert observed.trials.broken[0].failing[0] == f"{PATH}:20"


def test_statements_before_and_after_the_tests_are_not_theirs(tmp_path: Path) -> None:
    observed, _ = tried(tmp_path, TEXT, Idle)
    (finding,) = untried_databases(observed)
    assert finding.got == "no statement at all"


def test_tests_that_are_skipped_without_a_database_are_found(tmp_path: Path) -> None:
    observed, _ = tried(tmp_path, TEXT.replace("run: npm run integration", "run: npm run integration || true"))
    (finding,) = untried_databases(observed)
    assert "apps/shop: nobody listens where CI has its PostgreSQL" in finding.message


def test_without_a_server_of_ci_s_own_nothing_is_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no job that asks for a PostgreSQL by `services:`"):
        tried(tmp_path, TEXT.replace("image: postgres:18", "image: redis:7").replace("5432:5432", "6379:6379"))
