"""Terraform and OpenTofu: found, and run on a throwaway copy of the target without anyone's account.

Sources: Terraform's CLI reference ("Command: plan", "CLI configuration file", "Tests: overrides"); OpenTofu's own.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.process import IN_A_HURRY, Completed, run_tool, scrubbed_environment
from exitgate.provenance import Tool
from exitgate.provision.diagnostics import Places
from exitgate.provision.redaction import Redaction

_OLDEST: Final = {"terraform": (1, 5, 0), "tofu": (1, 6, 0)}
"""The oldest whose plan JSON and ``-lockfile=readonly`` were tried; earlier ones know no checks."""
_VERSION: Final = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_ANSWER_TIMEOUT_S: Final = 30.0
_REGISTRY: Final = "registry.terraform.io"
_INSTALLED: Final = ".terraform/providers"
_VENDOR_FOLDERS: Final = ("/opt", "/usr/local/share", "/usr/share", "/usr/local/lib", "/usr/lib", "/srv", "/var/lib")
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_NOWHERE: Final = "http://127.0.0.1:9"
"""A port where nobody listens: what a plan asks of the network ends at once, and reaches nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformTool:
    """Terraform or OpenTofu, installed and young enough."""

    name: str
    executable: str
    version: str

    @property
    def tool(self) -> Tool:
        """It as a line of the record."""
        return Tool(name=self.name, version=self.version)

    @property
    def names_unknowns(self) -> bool:
        """Whether it can plan with a name in the place of what is not known yet: Terraform 1.11 and later can."""
        return self.name == "terraform" and tuple(map(int, self.version.split("."))) >= (1, 11, 0)


@functools.cache
def find_terraform(name: str = "terraform") -> TerraformTool:
    """Find Terraform, or OpenTofu.

    Raises:
        PrerequisiteMissing: if there is none, it does not answer, or it is too old.
    """
    oldest = ".".join(map(str, _OLDEST[name]))
    executable = shutil.which(name)
    if executable is None:
        raise PrerequisiteMissing(
            name,
            got="not installed",
            expected=f"{oldest} or later on PATH",
            action=f"Install {name} {oldest} or later.",
        )
    try:
        completed = run_tool(
            [executable, "version"],
            timeout_s=_ANSWER_TIMEOUT_S,
            environment=scrubbed_environment({"CHECKPOINT_DISABLE": "1"}),
        )
    except ObservationError as error:
        raise PrerequisiteMissing(executable, got=error.got, expected="its version", action=error.action) from error
    match = _VERSION.search(completed.stdout)
    if match is None or tuple(int(part) for part in match.groups()) < _OLDEST[name]:
        got = f"version {match.group()[1:]}" if match else f"no version: {one_line(completed.last_words, 120)}"
        raise PrerequisiteMissing(
            executable, got=got, expected=f"{oldest} or later", action=f"Update {name} where it comes from."
        )
    return TerraformTool(name=name, executable=executable, version=match.group()[1:])


def find_mirror(folders: Sequence[str] = _VENDOR_FOLDERS) -> Path | None:
    """Return the folder that holds providers as a filesystem mirror does, one or two levels below where vendors' software lies."""
    for folder in folders:
        for pattern in (_REGISTRY, f"*/{_REGISTRY}", f"*/*/{_REGISTRY}"):
            for found in sorted(Path(folder).glob(pattern)):
                if found.is_dir():
                    return found.parent
    return None


def write_configuration(folder: Path, mirror: Path | None) -> Path:
    """Write the CLI configuration of a run: providers come from the mirror where it has them, else from their registry."""
    path = folder / "terraformrc"
    lines = ["disable_checkpoint = true"]
    if mirror:
        has = [f"{_REGISTRY}/{each.name}/*" for each in sorted((mirror / _REGISTRY).iterdir()) if each.is_dir()]
        lines += [
            "provider_installation {",
            f"  filesystem_mirror {{ path = {json.dumps(str(mirror))} }}",
            f"  direct {{ exclude = {json.dumps(has)} }}",
            "}",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def trust_installed(terraform: Terraform) -> Terraform:
    """Have the commands that follow ``init`` run the providers that it put in place, without taking their checksums again.

    Each command takes those of all providers, to hold them against the lock that ``init`` held them against just now: for one of
    650 MB a fifth of what ``plan`` takes. Source: Terraform's documentation, "Development Overrides for Provider Developers".
    """
    installed = {
        "/".join(place.relative_to(terraform.root / _INSTALLED).parts[:3]): str(place.resolve())
        for place in sorted((terraform.root / _INSTALLED).glob("*/*/*/*/*"))
    }
    if not installed:
        return terraform
    path = terraform.configuration.with_name("terraformrc-installed")
    overrides = [f"    {json.dumps(name)} = {json.dumps(place)}" for name, place in installed.items()]
    lines = ("disable_checkpoint = true", "provider_installation {", "  dev_overrides {", *overrides, "  }", "}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return replace(terraform, configuration=path)


def _cache() -> Path:
    """Return the folder of providers that all runs of this user share."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exitgate" / "terraform"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


@contextmanager
def _turn_at_the_cache() -> Iterator[None]:
    """Let one command at a time, of all runs, write to the cache: Terraform documents that it does not do so itself."""
    with (_cache() / ".lock").open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def environment_of(home: Path, configuration: Path, *, online: bool) -> dict[str, str]:
    """Return what the program finds in its environment: nobody's credentials, and a network only where providers are fetched."""
    if online:
        network = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    else:
        network = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "NO_PROXY": ""}
    return scrubbed_environment(
        {
            **IN_A_HURRY,
            "HOME": str(home),
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            **({"TF_PLUGIN_CACHE_DIR": str(_cache())} if online else {}),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_MAX_ATTEMPTS": "1",
            **network,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """A root module in a throwaway copy, and how to run the program on it."""

    tool: TerraformTool
    root: Path
    home: Path
    configuration: Path
    timeout_s: float
    workspace: str = "default"
    redact: Redaction = field(default_factory=Redaction)
    """Applied to all that it says, before anybody reads it."""
    places: Places = field(default_factory=Places)
    """What the files that it names are called in the target."""

    def run(
        self, *arguments: str, online: bool = False, extra: Mapping[str, str] | None = None, output: Path | None = None
    ) -> Completed:
        """Run one of its commands.

        Raises:
            ObservationError: if it does not end in time.
        """
        environment = environment_of(self.home, self.configuration, online=online)
        if self.workspace != "default":
            environment["TF_WORKSPACE"] = self.workspace
        words = [self.tool.executable, *arguments]
        if output is not None:
            # Plans are larger than what is kept of a tool's output; the file is written by the shell that becomes the tool.
            words = ["/bin/sh", "-c", 'out="$1"; shift; exec "$@" >"$out"', "sh", str(output), *words]
        with _turn_at_the_cache() if online else nullcontext():
            said = run_tool(
                words, timeout_s=self.timeout_s, environment={**environment, **(extra or {})}, cwd=self.root
            )
        return replace(said, stdout=self.redact(said.stdout), stderr=self.redact(said.stderr))
