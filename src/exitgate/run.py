"""What every part of one run shares: its id, its owner, its folders. Crosses to the workers as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from exitgate.github.place import GitHubPlace
from exitgate.provision.ownership import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a gate on a target."""

    id: str
    owner: str
    """The controlling process, as `exitgate.provision.ownership.Owner` writes it."""
    gate_directory: str
    clone: str
    """The clean clone of the target from which everything is read and built."""
    commit: str
    report_directory: str
    scratch: str
    """The run's own throwaway folder, shared by its workers."""
    vulnerability_database: str = ""
    """The folder of the database that the command line names; empty where it names none."""
    github_repository: str = ""
    """``OWNER/NAME`` of the repository on GitHub that the command line names; empty where it names none."""
    github_api: str = ""
    """The root of the REST API that is asked about it."""
    github_days: str = ""
    """How many days back merges are looked at."""
    aws_account: str = ""
    """The real account that the command line names and lets a run apply to; empty where it names none."""
    aws_endpoint: str = ""
    """The emulator of AWS that the command line names; empty where the run starts one of its own."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels of everything that the run makes."""
        return labels(self.id, self.owner)

    @property
    def github(self) -> GitHubPlace | None:
        """The repository on GitHub that the run was given; nothing where it was given none."""
        if not self.github_repository:
            return None
        return GitHubPlace(repository=self.github_repository, api=self.github_api, days=int(self.github_days))

    @property
    def scratch_path(self) -> Path:
        """The throwaway folder."""
        return Path(self.scratch)

    def to_json(self) -> dict[str, str]:
        """Return what a worker needs."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Run:
        """Rebuild what the controller sent."""
        return cls(**data)
