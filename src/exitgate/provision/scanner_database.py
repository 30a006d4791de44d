"""The vulnerability database of a run: the one that is named, else the public one, else a stand-in where the target allows it."""

from __future__ import annotations

import datetime
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.atomic import write_atomically
from exitgate.errors import ObservationError, PrerequisiteMissing, UsageError, one_line
from exitgate.provision.scanner import ScanTool, run_scanner
from exitgate.provision.vulnerability_database import read_advisories, write_database
from exitgate.run import Run
from exitgate.target import Target

_FOLDER, _CHOICE = "scanner", "database.json"
_FILES: Final = ("trivy.db", "metadata.json")
_DOWNLOAD_TIMEOUT_S = 300.0
_NETWORK_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_PUBLIC = "Trivy's public vulnerability database"


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityDatabase:
    """A database that Trivy can read."""

    cache: Path
    """Trivy's ``--cache-dir``; the database lies in ``db`` below it."""
    updated: datetime.datetime
    """When its content was put together, as its own metadata says."""
    substitute: str = ""
    """What it stands in for; empty where it is a real one."""


class _Metadata(BaseModel):
    model_config = ConfigDict(frozen=True)

    updated: datetime.datetime = Field(alias="UpdatedAt")


class _Choice(BaseModel):
    """What the first worker settled on, for the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache: Path
    substitute: str = ""


def check_named_database(folder: Path) -> Path:
    """Return the folder that holds the two files of a database that the command line names: itself, or ``db`` in it.

    Raises:
        UsageError: if neither does.
    """
    for candidate in (folder, folder / "db"):
        if all((candidate / name).is_file() for name in _FILES):
            return candidate
    raise UsageError(
        str(folder),
        got="no vulnerability database of Trivy's",
        expected="a folder with trivy.db and metadata.json, or with db/ that has them",
        action="Fill it: `trivy image --download-db-only --cache-dir DIR`.",
    )


def obtain_database(scanner: ScanTool, run: Run, target: Target) -> VulnerabilityDatabase:
    """Return the run's database; the same for all of its workers.

    Raises:
        PrerequisiteMissing: if there is none, or what there is does not say how old it is.
    """
    folder = run.scratch_path / _FOLDER
    folder.mkdir(exist_ok=True)
    with FileLock(folder / ".lock"):
        choice = _read_choice(folder / _CHOICE)
        if choice is None:
            choice = _choose(scanner, run, target, folder)
            write_atomically(folder / _CHOICE, choice.model_dump_json())
    return VulnerabilityDatabase(cache=choice.cache, updated=_updated(choice.cache), substitute=choice.substitute)


def _read_choice(path: Path) -> _Choice | None:
    return _Choice.model_validate_json(path.read_bytes()) if path.is_file() else None


def _choose(scanner: ScanTool, run: Run, target: Target, folder: Path) -> _Choice:
    if run.vulnerability_database:
        # Under a cache folder of our own, so that Trivy leaves nothing in the user's.
        cache = folder / "named"
        cache.mkdir()
        (cache / "db").symlink_to(run.vulnerability_database)
        return _Choice(cache=cache)
    public = public_cache()
    words = _download(scanner, public)
    if not words or all((public / "db" / name).is_file() for name in _FILES):
        return _Choice(cache=public)
    if target.configuration.vulnerability_database.substitute:
        advisories = read_advisories()
        cache = folder / "substitute"
        write_database(cache / "db", advisories, datetime.datetime.now(datetime.UTC))
        return _Choice(cache=cache, substitute=f"{_PUBLIC} → {len(advisories)} well-known advisories, no more")
    raise PrerequisiteMissing(
        "vulnerability database",
        got=f"none here, and none can be downloaded ({one_line(words, 160)})",
        expected="one to compare packages with",
        action="Connect this machine to Trivy's registries, or name a folder that holds one: --gate-trivy-db DIR.",
    )


def public_cache() -> Path:
    """Return where Trivy itself keeps what it downloads for this user."""
    named = os.environ.get("TRIVY_CACHE_DIR")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trivy"


def _download(scanner: ScanTool, cache: Path) -> str:
    """Have Trivy bring its public database up to date; return why it could not, or nothing."""
    network = {name: os.environ[name] for name in _NETWORK_VARIABLES if name in os.environ}
    arguments = ["image", "--download-db-only", "--no-progress", "--skip-version-check", "--disable-telemetry"]
    try:
        completed = run_scanner(
            scanner,
            [*arguments, "--cache-dir", str(cache)],
            environment=network,
            timeout_s=_DOWNLOAD_TIMEOUT_S,
        )
    except ObservationError as error:
        return error.got
    return "" if completed.exit_code == 0 else completed.last_words.removeprefix("* ")


def _updated(cache: Path) -> datetime.datetime:
    path = cache / "db" / "metadata.json"
    try:
        updated = _Metadata.model_validate(json.loads(path.read_text(encoding="utf-8"))).updated
    except (OSError, ValidationError, ValueError) as error:
        raise PrerequisiteMissing(
            str(path),
            got=f"it does not say when the database was put together ({type(error).__name__})",
            expected="metadata.json with UpdatedAt",
            action="Download the database anew: `trivy image --download-db-only`.",
        ) from error
    return updated if updated.tzinfo else updated.replace(tzinfo=datetime.UTC)
