"""The previous release's tests run on its own files with the new migrations, and once more on its own where any fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.migration_settings import IntegrationTests, MigrationSettings
from exitgate.observation import Substrate
from exitgate.observe.migrations import predecessor_run, predecessor_tests
from exitgate.observe.migrations.predecessor_tests import Ground, PredecessorTests, read_predecessor_tests
from exitgate.observe.migrations.stage import Stage
from exitgate.provision.backing import Access
from exitgate.provision.command_in_image import Command, Ended
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.git import git
from exitgate.target import Service, Target

TESTS = IntegrationTests(
    stage="build",
    directory="/workspace",
    command=("npm", "run", "integration"),
    results="results.xml",
    variables={"TEST_DATABASE_URL": "DATABASE_URL"},
)
FOLDER = "app/prisma/migrations"
PASSED = b"<testsuite><testcase name='a'/></testsuite>"
FAILED = b"<testsuite><testcase name='a'><failure message='no such column'/></testcase></testsuite>"
LINK = b"a link"
Read = Callable[..., tuple[PredecessorTests, list[Command]]]


def release(root: Path, *files: str) -> Target:
    """Return a target of committed files, each with its own name in it."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{root.name}: {name}", encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    (root / "left-over.txt").write_text("not committed", encoding="utf-8")
    made = SimpleNamespace(directory=root, service=lambda _: service(), backings=(BACKING,), workloads=(service(),))
    return cast("Target", made)


BACKING = SimpleNamespace(name="postgres", image="postgres:18.1")


def service(tests: IntegrationTests | None = TESTS, context: str = ".") -> Service:
    settings = MigrationSettings(folder=FOLDER, integration=tests)
    use = SimpleNamespace(backing="postgres", field="url")
    made = SimpleNamespace(name="app", context=context, migrations=settings, backing={"DATABASE_URL": use})
    return cast("Service", made)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads, with what the tests come to each time, and returns it with what was run."""
    monkeypatch.setattr(
        predecessor_tests, "from_empty", lambda stage: ("db", SimpleNamespace(answered=stage.comes_up, said="P3018"))
    )
    monkeypatch.setattr(predecessor_run, "value_of", lambda use, server, access: access.part)
    guests: list[str] = []

    @contextmanager
    def guest(
        engine: object, servers: list[SimpleNamespace], name: str, number: int, *, taken: list[SimpleNamespace]
    ) -> Iterator[dict[str, Access]]:
        assert [each.backing for each in taken] == ["postgres"]
        guests.append(f"{name}_{len(guests)}")
        yield {each.name: Access(host="h", port=1, user=name, password="p", part=guests[-1]) for each in servers}

    monkeypatch.setattr(predecessor_run, "guest", guest)
    monkeypatch.setattr(predecessor_run, "of_the_run", lambda _: None)
    monkeypatch.setattr(predecessor_run, "_is_marked", lambda server, database: database == guests[-1])

    def once(
        *came: tuple[int | None, bytes | None],
        tests: IntegrationTests | None = TESTS,
        comes_up: bool = True,
        before: tuple[str, ...] = ("1_first/migration.sql",),
        failure: str = "",
        context: str = ".",
    ) -> tuple[PredecessorTests, list[Command]]:
        left, run = list(came), []

        def run_in_image(engine: object, of: object, image: str, name: str, command: Command) -> Ended:
            run.append(command)
            exit_code, results = left.pop(0)
            unread = "a link or a folder, and no file" if results == LINK else ""
            return Ended(exit_code=exit_code, log="first\nlast\n\n", left=None if unread else results, unread=unread)

        monkeypatch.setattr(predecessor_run, "run_in_image", run_in_image)
        old = release(tmp_path / "old", "app/test/a.test.js", "results.xml", *(f"{FOLDER}/{each}" for each in before))
        new = release(tmp_path / "new", f"{FOLDER}/1_first/migration.sql", f"{FOLDER}/2_second/migration.sql")
        made = service(tests, context)
        old.service = lambda _: made  # type: ignore[method-assign]
        ground = Ground(
            target=new,
            release=old,
            build=lambda stage: SimpleNamespace(failure=failure, image_id=f"sha256:{stage}"),  # type: ignore[arg-type,return-value]
            servers=lambda names: {  # type: ignore[arg-type]
                name: SimpleNamespace(name=name, kind="postgres", version="18.6", network="backing") for name in names
            },
            number=0,
        )
        stage = SimpleNamespace(
            comes_up=comes_up,
            settings=made.migrations,
            folder=SimpleNamespace(service="app"),
            previous_tag="v1",
            previous_replicas=SimpleNamespace(),
            replicas=SimpleNamespace(engine=None, run=None),
            policy=SimpleNamespace(engine_version=None),
            substrate=Substrate(assurance=Assurance.EXECUTED, name="PostgreSQL"),
            latest="29991231235958_exitgate",
        )
        seen = read_predecessor_tests(cast("Stage", stage), made, ground, EvidenceFolder(tmp_path / "report"))
        assert left == []
        return seen, run

    return once


def test_they_run_once_on_their_own_files_with_the_new_migrations(read: Read) -> None:
    seen, (command,) = read((0, PASSED))
    assert (seen.on_new.ran, seen.on_new.migrated, seen.on_own, seen.again) == (1, True, None, None)
    assert command.environment == {"TEST_DATABASE_URL": "exitgate_tests_app_0"}
    texts = {
        name: each.read_text(encoding="utf-8").split(":")[0]
        for name, each in command.files.items()
        if isinstance(each, Path)
    }
    assert texts == {
        "app/test/a.test.js": "old",
        f"{FOLDER}/1_first/migration.sql": "new",
        f"{FOLDER}/2_second/migration.sql": "new",
    }
    mark = command.files[f"{FOLDER}/29991231235958_exitgate/migration.sql"]
    assert str(mark).startswith('COMMENT ON DATABASE "exitgate_tests_app_0" IS ')
    assert [each.name for each in seen.evidence] == ["previous-tests-app.json", "previous-tests-app-new-schema.log"]
    assert not any("skipped" in limit for limit in seen.substrate.limits)


def test_where_one_fails_they_run_by_their_own_migrations_and_by_the_new_ones_again(read: Read) -> None:
    seen, (_, own, again) = read((1, FAILED), (0, PASSED), (1, FAILED))
    assert seen.on_own is not None
    assert seen.again is not None
    assert (seen.on_own.is_clean, seen.again.is_clean, seen.on_new.failed[0].said) == (True, False, "no such column")
    mark = f"{FOLDER}/29991231235958_exitgate/migration.sql"
    assert sorted(own.files) == [f"{FOLDER}/1_first/migration.sql", mark, "app/test/a.test.js"]
    assert str(own.files[mark]).startswith("COMMENT ON DATABASE ")
    assert len(again.files) == 4
    assert [each.name for each in seen.evidence[1:]] == [
        f"previous-tests-app-{run}.log" for run in ("new-schema", "own-schema", "new-schema-again")
    ]


def test_each_run_has_parts_of_the_servers_that_no_other_run_had(read: Read) -> None:
    _, commands = read((1, FAILED), (0, PASSED), (1, FAILED))
    assert len({each.environment["TEST_DATABASE_URL"] for each in commands}) == 3


@pytest.mark.parametrize("left", [b"", PASSED[:20], LINK])
@pytest.mark.parametrize("exit_code", [139, None])
def test_tests_that_crash_or_hang_and_leave_half_a_file_have_no_results(
    read: Read, left: bytes, exit_code: int | None
) -> None:
    seen, _ = read((exit_code, left), (0, PASSED), (exit_code, left))
    assert (seen.on_new.results, seen.on_new.exit_code, seen.on_new.said) == ((), exit_code, "last")


@pytest.mark.parametrize("left", [b"", PASSED[:20], LINK])
def test_results_that_cannot_be_read_are_an_error_where_all_went_well_and_the_output_is_kept(
    read: Read, left: bytes, tmp_path: Path
) -> None:
    with pytest.raises(ObservationError, match=r"results\.xml"):
        read((0, left))
    (kept,) = (tmp_path / "report/evidence").iterdir()
    assert kept.name.endswith("-previous-tests-app-new-schema.log")
    assert kept.read_text(encoding="utf-8").startswith("first")


def test_how_many_were_skipped_is_a_limit(read: Read) -> None:
    skipped = b"<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>"
    seen, _ = read((0, skipped))
    assert seen.substrate.limits[-1].startswith("1 of the previous release's integration tests were skipped")


def test_where_none_runs_on_its_own_schema_there_is_nothing_to_do_again(read: Read) -> None:
    seen, run = read((127, None), (127, None))
    assert (len(run), seen.again, seen.on_new.said) == (2, None, "last")


def test_without_a_previous_release_there_are_none(tmp_path: Path) -> None:
    stage = cast("Stage", SimpleNamespace(previous_replicas=None))
    with pytest.raises(PrerequisiteMissing, match="no release before"):
        read_predecessor_tests(stage, service(), None, EvidenceFolder(tmp_path))


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ({"tests": None}, r"no \[service.migrations.integration\]"),
        ({"tests": TESTS.model_copy(update={"variables": {"TEST_REDIS_URL": "REDIS_URL"}})}, "stand for REDIS_URL"),
        ({"comes_up": False}, "does not come up on an empty database: P3018"),
        ({"before": ("0_squashed/migration.sql",)}, "no such file, though v1 has it"),
        ({"context": "app/test"}, "outside of the build's context"),
        ({"failure": "no stage build"}, "does not build: no stage build"),
    ],
)
def test_what_is_not_there_is_not_assessed(read: Read, how: dict[str, object], got: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=got):
        read(**how)


@pytest.mark.parametrize(
    ("row", "marked"),
    [((predecessor_run._SEEN,), True), (("by somebody else",), False), ((None,), False), (None, False)],
    ids=["marked", "other-words", "no-words", "dropped"],
)
def test_only_a_database_that_bears_the_mark_came_to_the_schema(row: tuple[str | None] | None, marked: bool) -> None:
    asked: list[object] = []
    answer = SimpleNamespace(fetchone=lambda: row)
    session = SimpleNamespace(execute=lambda _, values: asked.append(values) or answer, close=lambda: None)
    server = cast("DatabaseServer", SimpleNamespace(connect=lambda: session))
    assert predecessor_run._is_marked(server, "guest_1") is marked
    assert asked == [("guest_1",)]
