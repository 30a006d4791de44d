"""The reference's rules, and a stand-in of GitHub that keeps them: what tests of live checks start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.checks.pipeline import lax_rules_in_force
from exitgate.evidence_folder import EvidenceFolder
from exitgate.faults.pipeline.stand_in import GitHubStandIn, Json, stand_in_of
from exitgate.finding import Finding
from exitgate.observe.live_repository import LiveRepository, LiveRules, read_live_rules, read_repository
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
BRANCHES = POLICY.branches.start_ci if POLICY.branches else ()
Change = Callable[[GitHubStandIn], object]
SOUND: Json = {
    "required_status_checks": {"strict": True, "contexts": ["ci"], "checks": [{"context": "ci", "app_id": 15368}]},
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
        "required_approving_review_count": 1,
        "require_last_push_approval": True,
    },
    "enforce_admins": {"enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}
"""Branch protection as the policy wants it."""


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


def asked(folder: Path, change: Change = lambda _: None, days: int = 30) -> Asked:
    """Return a stand-in that tells what the reference exported, but for a change."""
    github = stand_in_of(TARGET)
    change(github)
    return Asked(github=github, folder=EvidenceFolder(folder), days=days)


def read(folder: Path, change: Change = lambda _: None, rulesets: Rulesets = RULESETS) -> LiveRules:
    """Return what is read of a stand-in with a change."""
    given = asked(folder, change)
    with given.repository() as live:
        return read_live_rules(live, BRANCHES, rulesets, "main", given.folder)


def words(findings: list[Finding]) -> list[str]:
    """Return where each finding is and what it says."""
    return [f"{each.location} {each.message}" for each in findings]


def lax(live: LiveRules) -> list[str]:
    """Return what is lax of rules in force."""
    return words(lax_rules_in_force(live, POLICY, "main"))


def protect(github: GitHubStandIn, **changes: object) -> None:
    """Put branch protection in the place of the rulesets."""
    github.rulesets.clear()
    for branch in BRANCHES:
        github.protections[branch] = {**SOUND, **changes}
