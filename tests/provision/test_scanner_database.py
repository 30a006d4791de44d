"""Where a run's vulnerability database comes from, and what is said where there is none."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing, UsageError
from exitgate.provision.scanner import ScanTool
from exitgate.provision.scanner_database import check_named_database, obtain_database
from exitgate.provision.vulnerability_database import read_advisories, write_database
from exitgate.run import Run
from exitgate.target import Configuration, Target
from tests.runs import run_in

MADE = datetime.datetime(2026, 6, 15, 12, 0, tzinfo=datetime.UTC)
OFFLINE = "echo '* Get https://registry/v2/: no such host' >&2; exit 1"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return run_in(scratch, name="1", owner="me")


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where Trivy keeps what it downloads; nothing is there."""
    path = tmp_path / "trivy-cache"
    monkeypatch.setenv("TRIVY_CACHE_DIR", str(path))
    return path


@pytest.fixture
def trivy(tmp_path: Path) -> Callable[[str], ScanTool]:
    def made(script: str) -> ScanTool:
        path = tmp_path / "trivy"
        path.write_text(f"#!/bin/sh\necho called >> {tmp_path}/calls\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return ScanTool(name="trivy", executable=str(path), version="0.76.0")

    return made


def target(*, substitute: bool = False) -> Target:
    configuration = Configuration.model_validate(
        {"target": {"name": "shop"}, "vulnerability_database": {"substitute": substitute}}
    )
    return Target(directory=Path("/nowhere"), configuration=configuration, source="")


def database(folder: Path) -> Path:
    return write_database(folder, read_advisories(), MADE)


def test_a_named_folder_may_hold_the_database_or_a_db_folder_with_it(tmp_path: Path) -> None:
    inner = database(tmp_path / "cache/db")
    assert check_named_database(inner) == inner
    assert check_named_database(tmp_path / "cache") == inner


def test_a_named_folder_without_a_database_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no vulnerability database of Trivy's"):
        check_named_database(tmp_path)
    database(tmp_path).joinpath("metadata.json").unlink()
    with pytest.raises(UsageError):
        check_named_database(tmp_path)


def test_the_named_one_is_taken_as_it_is_and_nothing_is_downloaded(
    run: Run, public: Path, trivy: Callable[[str], ScanTool], tmp_path: Path
) -> None:
    named = replace(run, vulnerability_database=str(database(tmp_path / "named")))
    found = obtain_database(trivy("exit 1"), named, target(substitute=True))
    assert (found.updated, found.substitute) == (MADE, "")
    assert (found.cache / "db" / "trivy.db").is_file()
    assert not (tmp_path / "calls").exists()


def test_the_public_one_is_brought_up_to_date(run: Run, public: Path, trivy: Callable[[str], ScanTool]) -> None:
    database(public / "db")
    found = obtain_database(trivy("exit 0"), run, target(substitute=True))
    assert (found.cache, found.updated, found.substitute) == (public, MADE, "")


def test_an_older_public_one_is_taken_where_no_registry_answers_and_says_how_old_it_is(
    run: Run, public: Path, trivy: Callable[[str], ScanTool]
) -> None:
    database(public / "db")
    found = obtain_database(trivy(OFFLINE), run, target(substitute=True))
    assert (found.cache, found.updated, found.substitute) == (public, MADE, "")


def test_the_stand_in_is_taken_where_there_is_no_other_and_says_what_it_is(
    run: Run, public: Path, trivy: Callable[[str], ScanTool]
) -> None:
    found = obtain_database(trivy(OFFLINE), run, target(substitute=True))
    assert found.substitute.startswith("Trivy's public vulnerability database → ")
    assert (datetime.datetime.now(datetime.UTC) - found.updated).total_seconds() < 60
    assert not public.exists()


def test_without_leave_there_is_no_stand_in(run: Run, public: Path, trivy: Callable[[str], ScanTool]) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"none can be downloaded \(Get https://registry/v2/: no such host\)"):
        obtain_database(trivy(OFFLINE), run, target())


def test_the_second_worker_takes_what_the_first_settled_on(
    run: Run, public: Path, trivy: Callable[[str], ScanTool], tmp_path: Path
) -> None:
    tool = trivy(OFFLINE)
    first = obtain_database(tool, run, target(substitute=True))
    database(public / "db")
    assert obtain_database(tool, run, target(substitute=True)) == first
    assert (tmp_path / "calls").read_text() == "called\n"


@pytest.mark.parametrize("metadata", ["", "{}", '{"UpdatedAt": "yesterday"}', "[1]"])
def test_a_database_that_does_not_say_how_old_it_is_is_none(
    run: Run, public: Path, trivy: Callable[[str], ScanTool], metadata: str
) -> None:
    database(public / "db").joinpath("metadata.json").write_text(metadata)
    with pytest.raises(PrerequisiteMissing, match="does not say when the database was put together"):
        obtain_database(trivy("exit 0"), run, target())


def test_a_download_that_leaves_nothing_is_no_database(
    run: Run, public: Path, trivy: Callable[[str], ScanTool]
) -> None:
    with pytest.raises(PrerequisiteMissing):
        obtain_database(trivy("exit 0"), run, target(substitute=True))
