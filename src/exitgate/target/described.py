"""A target that was read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.catalogue import SubjectKind
from exitgate.migration_settings import MigrationSettings
from exitgate.policy import Policy, PolicyDigest, digest_of
from exitgate.target.configuration import CONFIGURATION_FILE, Backing, Configuration, Service, Workload
from exitgate.toml_source import line_of
from exitgate.waivers import Exclusion, Responsibilities, Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A file of waivers and exclusions."""

    path: str
    source: str
    responsibilities: Responsibilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parsed and checked target. `directory` is where its files are read from: a clean clone during a run."""

    directory: Path
    configuration: Configuration
    source: str
    """The text of its exitgate.toml, for positions."""
    accepted: Accepted | None = None
    """What the file of waivers says; nothing where the target names none."""

    @property
    def name(self) -> str:
        """The name that the target gives itself."""
        return self.configuration.target.name

    @property
    def policy(self) -> Policy:
        """The target's rules."""
        return self.configuration.policy

    @property
    def policy_digest(self) -> PolicyDigest:
        """A digest over the policy, the waivers and the exclusions: what the verdict was measured against."""
        rules = Responsibilities(waiver=self.waivers, not_applicable=self.exclusions)
        return digest_of(self.policy, rules)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Accepted shortcomings."""
        return self._responsibilities.waiver

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Controls that are declared not to apply."""
        return self._responsibilities.not_applicable

    @property
    def _responsibilities(self) -> Responsibilities:
        return self.accepted.responsibilities if self.accepted else self.configuration

    @property
    def acceptance_file(self) -> str:
        """The file that waivers and exclusions stand in."""
        return self.accepted.path if self.accepted else CONFIGURATION_FILE

    def lines_accepted(self, kind: str, index: int) -> tuple[int, int]:
        """Return the first and the last line of a waiver or an exclusion."""
        source = self.accepted.source if self.accepted else self.source
        first = line_of(source, (kind, index))
        lines = source.split("\n")
        after = (number for number, line in enumerate(lines[first:], first) if line.lstrip().startswith("["))
        return first, next(after, len(lines) if lines[-1] else len(lines) - 1)

    def locate_accepted(self, kind: str, index: int, *keys: str) -> str:
        """Return ``file:line`` of a waiver or an exclusion, or of a key of it."""
        source = self.accepted.source if self.accepted else self.source
        return f"{self.acceptance_file}:{line_of(source, (kind, index, *keys))}"

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Every container that the target deploys, sorted by name."""
        own = [frontend.workload for frontend in self.configuration.frontend if frontend.workload]
        return tuple(sorted((*self.configuration.service, *own), key=lambda workload: workload.name))

    def workload(self, name: str) -> Workload:
        """Return a workload by its name.

        Raises:
            KeyError: if the target has none of that name.
        """
        return {workload.name: workload for workload in self.workloads}[name]

    @property
    def migrating(self) -> tuple[tuple[Service, MigrationSettings], ...]:
        """The services that say where their migrations lie, and what they say."""
        return tuple((each, each.migrations) for each in self.configuration.service if each.migrations is not None)

    def service(self, name: str) -> Service:
        """Return a service by its name.

        Raises:
            KeyError: if the target has none of that name.
        """
        return {service.name: service for service in self.configuration.service}[name]

    def subjects(self, kind: SubjectKind) -> Sequence[str]:
        """Return the names of all subjects of a kind, sorted."""
        match kind:
            case SubjectKind.TARGET:
                return (self.name,)
            case SubjectKind.SERVICE:
                return sorted(service.name for service in self.configuration.service)
            case SubjectKind.FRONTEND:
                return sorted(frontend.name for frontend in self.configuration.frontend)
            case SubjectKind.WORKLOAD:
                return [workload.name for workload in self.workloads]

    @property
    def backings(self) -> tuple[Backing, ...]:
        """Every server that a run may have to start."""
        return self.configuration.backing

    def locate(self, *location: str | int) -> str:
        """Return ``exitgate.toml:LINE`` of a key, or of the closest thing that encloses it."""
        return f"{CONFIGURATION_FILE}:{line_of(self.source, location)}"
