"""Rules for a live database's list: each with what is sound and with each fault that it is there for."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from exitgate.assurance import Assurance
from exitgate.checks.migrations.live import overtaken_migrations, strayed_databases
from exitgate.observation import Substrate
from exitgate.observe.migrations.files import FILES, Migration, MigrationFolder
from exitgate.observe.migrations.live import LiveDatabase
from exitgate.observe.migrations.tool import Applied
from exitgate.policy import MigrationPolicy

POLICY = MigrationPolicy.model_validate(
    {
        "forward_only": True,
        "applied_when": "merged",
        "release_tags": "v*",
        "rollback": "restore",
        "destructive_plan": "plan.md",
        "recovery": ["resolve {migration}"],
        "way": "startup",
        "concurrent_starts": 2,
        "squash": [{"service": "s", "into": "1", "replaces": ["0"], "why": "long"}],
    }
)
FOLDER = MigrationFolder(
    substrate=FILES,
    service="s",
    folder="m",
    migrations=tuple(Migration(name=name, path=f"m/{name}", sql=f"SELECT {name};\n") for name in "123"),
)
SUMS = {name: hashlib.sha256(f"SELECT {name};\n".encode()).hexdigest() for name in "12"}
LIVE = LiveDatabase(
    substrate=Substrate(assurance=Assurance.LIVE, name="live"),
    service="s",
    variable="LIVE",
    applied=tuple(Applied(name=name, finished=True, checksum=checksum) for name, checksum in SUMS.items()),
)


def ran(**checksums: str) -> LiveDatabase:
    """Return the live database with other checksums, by migration: ``_1`` for the first."""
    sums = {**SUMS, **{name.removeprefix("_"): checksum for name, checksum in checksums.items()}}
    return replace(LIVE, applied=tuple(replace(each, checksum=sums[each.name]) for each in LIVE.applied))


def strayed(live: LiveDatabase | None) -> list[tuple[str, str]]:
    return [(each.location, each.got) for each in strayed_databases(live, FOLDER, POLICY)]


def test_a_list_of_what_is_committed_is_sound_and_so_are_checkouts_of_windows() -> None:
    crlf = hashlib.sha256(b"SELECT 1;\r\n").hexdigest()
    assert strayed(LIVE) == strayed(ran(_1=crlf)) == strayed(ran(_1="", _2="")) == []
    assert overtaken_migrations(LIVE, FOLDER) == []


def test_without_a_live_database_nothing_is_said() -> None:
    assert strayed(None) == []
    assert overtaken_migrations(None, FOLDER) == []


def test_what_ran_and_is_not_committed_is_told_but_for_squashes_and_what_was_taken_back() -> None:
    more = (
        Applied(name="0", finished=True),
        Applied(name="8", finished=False, rolled_back=True),
        Applied(name="9", finished=True),
    )
    assert strayed(replace(LIVE, applied=(*LIVE.applied, *more))) == [("m/9", "no such migration")]


def test_what_was_edited_since_it_ran_is_told() -> None:
    (finding,) = strayed_databases(ran(_2="0" * 64), FOLDER, POLICY)
    assert (finding.location, finding.got) == ("m/2", "another text")
    assert finding.expected == "the one that ran, of SHA-256 000000000000"


def test_what_is_neither_finished_nor_settled_is_told() -> None:
    assert strayed(replace(LIVE, applied=(Applied(name="1", finished=False),))) == [
        ("m/1", "neither finished nor settled")
    ]


def test_what_would_run_after_later_ones_is_told() -> None:
    live = replace(LIVE, applied=(Applied(name="1", finished=True), Applied(name="3", finished=True)))
    assert [each.location for each in overtaken_migrations(live, FOLDER)] == ["m/2"]
