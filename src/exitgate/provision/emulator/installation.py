"""The emulator's program in an environment of its own, installed once and kept for later runs by the digest of what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.process import Completed, run_tool, scrubbed_environment
from exitgate.provenance import Tool

_PINS: Final = Path(__file__).parent / "emulator.toml"
_DONE: Final = "installed.json"
_INSTALL_TIMEOUT_S: Final = 300.0
_PASSED_ON: Final = (
    *("HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_CONFIG_FILE", "PIP_NO_INDEX"),
)
"""What pip needs to find packages as it does for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An installed emulator."""

    name: str
    version: str
    python: Path
    """The interpreter of its environment; the emulator is a module of its name."""

    @property
    def tool(self) -> Tool:
        """It as a line of the record."""
        return Tool(name=self.name, version=self.version)


def emulator_cache() -> Path:
    """Return the folder below which emulators are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exitgate" / "emulator"


def pinned() -> dict[str, Any]:
    """Return the emulator's name, its version, and all packages that it is made of, as ``emulator.toml`` pins them."""
    return tomllib.loads(_PINS.read_text(encoding="utf-8"))


def installed_emulator(cache: Path | None = None) -> Installation:
    """Return the emulator; the first run on a machine installs it.

    Args:
        cache: The folder below which it is kept; the user's cache where none is given.

    Raises:
        PrerequisiteMissing: if it can't be installed.
    """
    told = pinned()
    digest = hashlib.sha256(_PINS.read_bytes() + sys.version.encode()).hexdigest()
    folder = (cache or emulator_cache()) / digest[:24]
    installation = Installation(name=told["name"], version=told["version"], python=folder / "bin" / "python")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not (folder / _DONE).is_file():
                _install(folder, told["requirements"])
    except OSError as error:
        raise _missing(f"no room for it in {folder.parent} ({error.strerror})") from error
    return installation


def _install(folder: Path, requirements: list[str]) -> None:
    # What an installation that was cut off has left would be half an environment.
    shutil.rmtree(folder, ignore_errors=True)
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment = scrubbed_environment(kept)
    _run([sys.executable, "-m", "venv", str(folder)], environment)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    # The pins are all of it: a dependency that is not among them is not fetched unseen.
    _run([*pip, "--quiet", "--no-deps", *requirements], environment)
    (folder / _DONE).write_text(json.dumps(requirements), encoding="utf-8")


def _run(words: list[str], environment: dict[str, str]) -> None:
    try:
        said: Completed = run_tool(words, timeout_s=_INSTALL_TIMEOUT_S, environment=environment)
    except ObservationError as error:
        raise _missing(error.got) from error
    if said.exit_code != 0:
        errors = [line for line in said.stderr.splitlines() if line.startswith("ERROR")]
        raise _missing(one_line(errors[-1] if errors else said.last_words, 200))


def _missing(got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        "emulator of AWS",
        got=f"it can't be installed: {got}",
        expected="an environment of its own, from the packages that emulator.toml pins",
        action="Let pip reach a package index once; later runs take it from the cache.",
    )
