"""Whether a database knows anything, tried with Trivy itself on databases of our own."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import pytest

from exitgate.observe.canaries import unheard_canaries
from exitgate.provision.scanner import find_trivy
from exitgate.provision.scanner_database import VulnerabilityDatabase
from exitgate.provision.vulnerability_database import Advisories, read_advisories, write_database

NOW = datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Looked:
    unheard: tuple[str, ...]
    limits: tuple[str, ...]


def look_up(folder: Path, advisories: Advisories, system: tuple[str, str]) -> Looked:
    write_database(folder / "db", advisories, NOW)
    database = VulnerabilityDatabase(cache=folder, updated=NOW)
    return Looked(*unheard_canaries(find_trivy(), database, folder, system, workload="web"))


def test_the_stand_in_knows_both_of_its_own_system(tmp_path: Path) -> None:
    assert look_up(tmp_path, read_advisories(), ("debian", "12.11")) == Looked((), ())


def test_an_image_without_a_system_is_compared_by_npm_alone(tmp_path: Path) -> None:
    assert look_up(tmp_path, read_advisories(), ("", "")) == Looked((), ())


def test_a_database_without_the_images_release_is_told(tmp_path: Path) -> None:
    found = look_up(tmp_path, read_advisories(), ("debian", "13.1"))
    assert found.unheard == ("openssl 0.0.1-1 in debian 13.1",)


def test_a_database_that_knows_nothing_is_told(tmp_path: Path) -> None:
    found = look_up(tmp_path, Advisories(npm=(), debian=()), ("alpine", "3.22.1"))
    assert found.unheard == ("the npm package lodash 4.17.11", "openssl 0.0.1-r0 in alpine 3.22.1")


@pytest.mark.parametrize("family", ["wolfi"])
def test_a_system_that_was_not_tried_is_a_limit(tmp_path: Path, family: str) -> None:
    found = look_up(tmp_path, read_advisories(), (family, "1"))
    assert found == Looked((), (f"whether the database knows anything of {family} was not tried",))
