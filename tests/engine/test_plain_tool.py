"""A service whose migrations are applied by a script of its own: what holds for it is met, the rest is not assessed by name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exitgate.provision.clone import commit_everything
from exitgate.provision.drawn_network.namespaces import find_system_program
from exitgate.provision.git import git, succeeded
from exitgate.provision.pooler import PROGRAM

from .conftest import DOCKERFILE, HEALTH, TASK, Small

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.usefixtures("engine")]

SOURCE = Path(__file__).with_name("plain_tool")
CONFIGURATION = """
[target]
name = "plain"
rehearsal = true

[[service]]
name = "notes"
path = "."
dockerfile = "Dockerfile"
port = 3000
task_definition = "task.json"
start_timeout_s = 15

[service.backing]
DATABASE_URL = "postgres/notes"

[service.migrations]
tool = "commands"
folder = "migrations"
image_folder = "/app/migrations"
image_directory = "/app"
deploy = ["/nodejs/bin/node", "migrate.mjs"]
status = ["/nodejs/bin/node", "migrate.mjs", "status"]
applied = "SELECT name FROM schema_version ORDER BY name"
lock = "SELECT pg_advisory_lock(4711)"

[[service.migrations.request]]
method = "POST"
path = "/notes"
status = 201
save = { note = "id" }

[[service.migrations.request]]
path = "/notes/$note"

[service.migrations.integration]
stage = "runtime"
directory = "/app"
command = ["/nodejs/bin/node", "integration.mjs"]
results = "results.xml"
variables = { TEST_DATABASE_URL = "DATABASE_URL" }

[[backing]]
name = "postgres"
kind = "postgres"
image = "registry.invalid/postgres:18"
substitute = true

[substitute.RUNTIME_IMAGE]
kind = "node-runtime"

[policy.migrations]
forward_only = true
applied_when = "released"
release_tags = "v*"
rollback = "expand_contract"
releases_between = 1
destructive_plan = "plan.md"
recovery = ["/nodejs/bin/node migrate.mjs"]
way = "startup"
concurrent_starts = 3

[policy.migrations.locks]
lock_timeout_ms = 2_000
statement_timeout_ms = 60_000
longest_blocking_ms = 3_000
"""
COPIED = "COPY server.mjs health.cjs /app/"
EXECUTED = ("3.4.B.2", "3.4.B.3", "3.4.C.1", "3.4.C.2", "3.4.C.3")


@pytest.fixture
def plain(tmp_path: Path) -> Small:
    """Its repository, with a release and a migration since."""
    made = Small(tmp_path)
    target = tmp_path / "target"
    shutil.copytree(SOURCE, target)
    held_back = (target / "migrations/002_author.sql").read_text(encoding="utf-8")
    (target / "migrations/002_author.sql").unlink()
    made.write("exitgate.toml", CONFIGURATION)
    made.write(
        "Dockerfile",
        DOCKERFILE.replace(COPIED, "COPY *.mjs health.cjs /app/\nCOPY migrations /app/migrations/").replace(
            "FROM ${RUNTIME_IMAGE}", "FROM ${RUNTIME_IMAGE} AS runtime"
        ),
    )
    made.write("health.cjs", HEALTH)
    made.write("task.json", json.dumps(TASK).replace('"echo"', '"notes"'))
    git(target, "init", "--quiet")
    commit_everything(target, "the first version")
    succeeded(git(target, "tag", "v1.0.0"), target)
    made.write("migrations/002_author.sql", held_back)
    commit_everything(target, "notes have authors")
    return made


def statuses(small: Small, *controls: str) -> dict[str, tuple[str, str]]:
    """Run these controls, and return what became of each of their checks about the service, with what was said."""
    command = [sys.executable, "-m", "exitgate", "run", "gate3", "--gate-target", str(small.path / "target"), "-n", "0"]
    command += ["--gate-report", str(small.path / "report"), *(w for each in controls for w in ("--control", each))]
    done = subprocess.run(command, cwd=small.path, capture_output=True, text=True, timeout=400, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    record = json.loads((small.path / "report/record.json").read_text(encoding="utf-8"))
    return {
        f"{control['id']} {check['id']}": (check["status"], check["message"] or str(check["findings"]))
        for control in record["controls"]
        for check in control["checks"]
        if control["id"] in controls and check["subject"] == "notes"
    }


def test_what_holds_for_a_script_is_met_and_what_nobody_wrote_is_not_assessed(plain: Small) -> None:
    found = statuses(plain, *EXECUTED)
    assert {name for name, (status, _) in found.items() if status == "not_assessed"} == {"3.4.C.1 drift-free"}, found
    assert {status for status, _ in found.values()} == {"met", "not_assessed"}, found
    assert len(found) == 18
    assert "no Prisma's schema_file and cli" in found["3.4.C.1 drift-free"][1]


def test_a_task_that_migrates_in_the_place_of_replicas_is_held_to_the_same(plain: Small) -> None:
    target = plain.path / "target"
    text = (target / "exitgate.toml").read_text(encoding="utf-8")
    plain.write("exitgate.toml", text.replace('way = "startup"', 'way = "one_off_task"'))
    code = (target / "server.mjs").read_text(encoding="utf-8")
    plain.write("server.mjs", code.replace("await migrate(process.env.DATABASE_URL);", ""))
    commit_everything(target, "a task migrates ahead of the update")
    found = statuses(plain, *EXECUTED)
    assert {name for name, (status, _) in found.items() if status == "not_assessed"} == {"3.4.C.1 drift-free"}, found
    assert {status for status, _ in found.values()} == {"met", "not_assessed"}, found


def test_what_the_previous_releases_tests_alone_use_may_not_be_taken_away(plain: Small) -> None:
    # The declared request writes another text.
    sql = (
        "SET lock_timeout = '2s';\nALTER TABLE notes ADD CONSTRAINT unreviewed CHECK (text <> 'reviewed') NOT VALID;\n"
    )
    plain.write("migrations/003_unreviewed.sql", sql)
    commit_everything(plain.path / "target", "no more reviews")
    found = statuses(plain, "3.4.C.3")
    status, said = found.pop("3.4.C.3 previous-tests-pass")
    assert status == "not_met", found
    assert "an integration test of v1.0.0 fails on the new release's schema" in said
    assert {other for other, _ in found.values()} == {"met"}, found
    (kept,) = (plain.path / "report/evidence").glob("*previous-tests-notes.json")
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert [told[run]["exit_code"] for run in ("new schema", "own schema", "new schema, again")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("words", "absent"),
    [('"/usr/bin/flyway", "migrate"', "/usr/bin/flyway"), ('"/nodejs/bin/node", "gone.mjs"', "/app/gone.mjs")],
)
def test_a_program_that_the_image_does_not_have_is_one_line(plain: Small, words: str, absent: str) -> None:
    text = (plain.path / "target/exitgate.toml").read_text(encoding="utf-8")
    plain.write("exitgate.toml", text.replace('deploy = ["/nodejs/bin/node", "migrate.mjs"]', f"deploy = [{words}]"))
    commit_everything(plain.path / "target", "another tool")
    found = statuses(plain, "3.4.C.1")
    assert {status for status, _ in found.values()} == {"not_assessed"}, found
    (said,) = {message for _, message in found.values()}
    assert said.startswith(f"image of notes: no program {absent} in it; expected what runs the migration tool")


@pytest.mark.skipif(find_system_program(PROGRAM) is None, reason="no pgbouncer on this machine")
@pytest.mark.parametrize(
    ("migrated_by", "status", "lock"), [("DIRECT_URL", "met", "free"), ("DATABASE_URL", "not_met", "taken")]
)
def test_a_direct_address_keeps_the_lock_out_of_the_pooler_where_migrations_take_it(
    plain: Small, migrated_by: str, status: str, lock: str
) -> None:
    target = plain.path / "target"
    text = (target / "exitgate.toml").read_text(encoding="utf-8")
    text = text.replace("[service.migrations]", 'DIRECT_URL = "postgres/notes"\n\n[service.migrations]')
    # Of one session, so that whoever comes finds itself on the one that keeps the lock, and nobody waits for ever.
    pooled = 'tool = "commands"\npooler = "transaction"\npool_size = 1\ndirect = "DIRECT_URL"'
    plain.write("exitgate.toml", text.replace('tool = "commands"', pooled))
    code = (target / "server.mjs").read_text(encoding="utf-8")
    plain.write("server.mjs", code.replace("migrate(process.env.DATABASE_URL)", f"migrate(process.env.{migrated_by})"))
    commit_everything(target, "a pooler")
    found = statuses(plain, "3.4.B.2")
    assert found["3.4.B.2 contention-safe"][0] == status, found
    (kept,) = (plain.path / "report/evidence").glob("*controlled-starts-notes.json")
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert told["pooler"] == "transaction"
    assert told["several at once"]["lock once all were up"] == lock
