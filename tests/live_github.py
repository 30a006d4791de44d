"""The reference's rules, and a stand-in of GitHub that keeps them: what tests of live checks start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.evidence_folder import EvidenceFolder
from exitgate.faults.pipeline.stand_in import GitHubStandIn, stand_in_of
from exitgate.observe.live_repository import LiveRepository, read_repository
from exitgate.observe.workflow import Rulesets, read_rulesets
from exitgate.policy import PipelinePolicy
from exitgate.provision.github_api import GitHubApi
from exitgate.target import load_target

TARGET = load_target(Path(__file__).parents[1] / "reference")
RULESETS = read_rulesets(TARGET.directory, TARGET.configuration.pipeline.rulesets)
COMMIT = "c" * 40


def reference_policy() -> PipelinePolicy:
    """Return the reference's rules."""
    assert TARGET.policy.pipeline is not None
    return TARGET.policy.pipeline


POLICY = reference_policy()


@dataclass(frozen=True)
class Asked:
    """A stand-in that is served, and what asks it."""

    github: GitHubStandIn
    folder: EvidenceFolder
    days: int = 30
    rulesets: Rulesets = RULESETS

    @contextmanager
    def repository(self) -> Iterator[LiveRepository]:
        """Serve it, and read the repository for as long as the block lasts."""
        with self.github.serving() as place:
            api = GitHubApi(replace(place, days=self.days), self.github.token)
            try:
                yield read_repository(api, COMMIT, self.rulesets)
            finally:
                api.close()


def asked(folder: Path, change: Callable[[GitHubStandIn], object] = lambda _: None, days: int = 30) -> Asked:
    """Return a stand-in that tells what the reference exported, but for a change."""
    github = stand_in_of(TARGET)
    change(github)
    return Asked(github=github, folder=EvidenceFolder(folder), days=days)
