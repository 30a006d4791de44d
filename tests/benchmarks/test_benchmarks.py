"""That the benchmarks start, and that what they show is what was measured. How fast anything is, no test says."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import assert_here, assertions, criteria, fit, infrastructure, migrate_here, migration_samples, samples
from benchmarks.measure import RESULTS
from benchmarks.tables import README, TABLES
from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.contents import contents_of, kept_for_contents
from exitgate.observe.layers import Entry, Kind
from exitgate.observe.migrations.files import read_migrations
from exitgate.observe.migrations.history import read_migration_history
from exitgate.observe.paths import AtPath
from exitgate.observe.saved_image import read_saved_image

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "name",
    [
        "peer",
        "linear",
        "infrastructure",
        "migrations",
        "bundles",
        "reports",
        "rolls",
        "tables",
        "workflows",
        "criteria",
    ],
)
def test_each_script_says_what_it_does(name: str) -> None:
    completed = run(f"benchmarks.{name}", "--help")
    assert completed.returncode == 0, completed.stderr
    assert "usage:" in completed.stdout


@pytest.mark.parametrize("count", [15, 40])
def test_a_generated_stack_is_read_whole_and_judged(tmp_path: Path, count: int) -> None:
    made = infrastructure.write_target(tmp_path, count)
    said = infrastructure.judge_here(tmp_path)
    assert abs(made - count) <= 5
    assert said["resources"] == made
    assert said["findings"] > 0


def test_terraforms_calls_beside_one_another_count_once() -> None:
    spans = tuple(criteria.read_spans(["10.0 14.0 init", "12.0 16.5 plan", "20.0 21.0 show", "20.2 20.4 show"]))
    assert criteria.covered(spans) == 7.5
    assert criteria.covered(()) == 0.0


def test_the_tables_are_those_of_the_committed_results() -> None:
    completed = run("benchmarks.tables", "--check")
    assert completed.returncode == 0, completed.stderr


def test_each_table_has_its_place_and_its_results() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(text.count(f"<!-- {name} -->") == 1 and (RESULTS / f"{name}.json").is_file() for name in TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_results_name_no_machine_and_no_folder(name: str) -> None:
    import socket

    text = (RESULTS / f"{name}.json").read_text(encoding="utf-8")
    assert "/" not in json.dumps(json.loads(text)["machine"])
    assert socket.gethostname() not in text


def test_there_are_seventeen_assertions_and_both_sides_have_all_of_them() -> None:
    document = assertions.peer_document()
    metadata = document.pop("metadataTest")
    files = (*document["fileExistenceTests"], *document["fileContentTests"])
    assert (len(document["commandTests"]), len(files), len(metadata)) == (4, 8, 5)
    assert len(assertions.COMMANDS) + len(assertions.PATHS) + len(assertions.CONTENTS) == 12


def seen(mode: int, content: bytes, output: str, configuration: dict[str, object]) -> assert_here.Seen:
    there = {each.path: each.permissions for each in assertions.PATHS}
    folders = {path for path, permissions in there.items() if permissions.startswith("d")}
    modes = {"/etc/app.conf": 0o640, assertions.RUNTIME: 0o755, "/app": 0o755}
    found = {
        path: AtPath(
            entry=Entry(
                path=path, kind=Kind.DIRECTORY if path in folders else Kind.FILE, mode=modes.get(path, 0o644) ^ mode
            ),
            content=content,
        )
        for path in {*there, *(each.path for each in assertions.CONTENTS)}
        if there.get(path, "-") or mode
    }
    return assert_here.Seen(
        outputs={each.name: output for each in assertions.COMMANDS},
        paths={path: found.get(path) for path in {*there, *found}},
        configuration=configuration,
    )


def test_all_seventeen_hold_of_what_is_right_and_none_of_what_is_wrong() -> None:
    content = b"app:x:10001:10001:\nVERSION_ID=12\nlog-level = info\n".replace(b"=12", b'="12"')
    right = seen(0, content, "Linux\n10001\nport = 8080\nnode_modules\n", assertions.CONFIGURATION)
    wrong = seen(0o002, b"", "", {"Env": [], "ExposedPorts": None, "Entrypoint": None, "Cmd": None, "WorkingDir": ""})
    assert [words for words, holds in assert_here.judged(right) if not holds] == []
    assert [words for words, holds in assert_here.judged(wrong) if holds] == []
    assert len(list(assert_here.judged(right))) == 17


def test_a_sample_is_an_image_of_so_many_files_and_the_same_each_time(tmp_path: Path) -> None:
    counted = [
        samples.write_saved_image(tmp_path / name, [samples.modules(60, 300, seed=1), samples.modules(5, 9, seed=2, root="b")], {})
        for name in ("a.tar", "b.tar")
    ]  # fmt: skip
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    saved = read_saved_image([(tmp_path / "a.tar").read_bytes()], kept_for_contents)
    contents = contents_of(saved, "x", {}, 0, Substrate(assurance=Assurance.EXECUTED, name="a sample"))
    assert counted == [(65, contents.size_bytes)] * 2
    assert len(contents.entries) == 65
    assert [package.name for package in contents.npm_packages] == ["package-0", "package-1", "package-2"]
    assert contents.imports


def test_a_plane_is_found_again_and_noise_is_told_from_it() -> None:
    chance = random.Random(3)
    places = [(chance.uniform(0, 100), chance.uniform(0, 10)) for _ in range(40)]
    exact = fit.plane([(x, y, 2 + 3 * x + 5 * y) for x, y in places])
    assert (exact.constant, exact.first, exact.second, exact.r_squared) == pytest.approx((2, 3, 5, 1))
    assert fit.plane([(x, y, x * x) for x, y in places]).r_squared < 0.98
    assert fit.plane([(x, y, chance.random()) for x, y in places]).r_squared < 0.5


def test_a_line_is_found_again_and_a_square_is_told_from_it() -> None:
    exact = fit.line([(x, 2 + 3 * x) for x in (25.0, 50.0, 200.0)])
    assert (exact.constant, exact.first, exact.r_squared) == pytest.approx((2, 3, 1))
    assert fit.line([(x, x * x) for x in range(200)]).r_squared < 0.98


def test_generated_migrations_are_read_with_their_history(tmp_path: Path) -> None:
    migration_samples.write_repository(tmp_path, 12)
    folder = read_migrations(tmp_path, "s", migrate_here.SETTINGS)
    history = read_migration_history(tmp_path, "s", migrate_here.SETTINGS, migrate_here.POLICY)
    assert [each.sql for each in folder.migrations] == [
        migration_samples.migration_text(number) for number in range(12)
    ]
    assert (history.commits, history.changes, history.late) == (12, (), ())
