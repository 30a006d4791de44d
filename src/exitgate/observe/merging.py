"""What a throwaway forge with the target's own rules does with merges: those with a good result, a bad one, and none.

Each is a real `git push`; what is recorded of checks and reviews is made up, and what the forge makes of it is GitHub's rule,
modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.merging import CheckRun, PullRequest
from exitgate.github.rulesets import Ruleset
from exitgate.observation import Observation, Substrate
from exitgate.provision.forge import Forge, Pushed, throwaway_forge

SUBSTRATE = Substrate(
    assurance=Assurance.EXECUTED,
    name="git push to a throwaway repository; whether it is taken is GitHub's rule, modelled",
    limits=(
        "the decision is a model's, by the exported rulesets; GitHub itself was not asked",
        "reviews are recorded as given, so that checks alone decide",
    ),
)
_ENOUGH_APPROVALS = 10
"""The most that a ruleset can ask for."""
ABSENT = {"missing": None, "pending": "", "cancelled": "cancelled", "failed": "failure"}
"""In words, to the conclusion that is reported; nothing where no result is."""
GOOD = "successful"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTrial:
    """A merge that was tried."""

    check: str
    """The required check that differs from the good ones; empty where all are good."""
    result: str
    """What became of that check: ``missing``, ``pending``, ``cancelled``, ``failed``, or ``successful`` of all."""
    pushed: Pushed


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTrials(Observation):
    """All merges that were tried, of each protected branch."""

    trials: tuple[MergeTrial, ...]
    asked: int
    """How many were to be tried."""


def reviewed(checks: Sequence[CheckRun], *, queue: bool) -> PullRequest:
    """Return a pull request that lacks nothing but what its checks lack."""
    return PullRequest(
        checks=tuple(checks),
        approvals=_ENOUGH_APPROVALS,
        code_owner_approved=True,
        approved_after_last_push=True,
        in_queue=queue,
    )


def read_merge_trials(
    folder: Path,
    clone: Path,
    rulesets: Sequence[Ruleset],
    required: Sequence[CheckRun],
    *,
    branches: Sequence[str],
    default_branch: str,
    queue: bool,
    evidence: EvidenceFolder,
) -> MergeTrials:
    """Try to merge into each branch, with all checks good, and with each of them missing, pending, cancelled and failed.

    Args:
        folder: Where the forge is to be.
        required: The checks that have to succeed, each as it is reported where it did.
        queue: Whether merges are the merge queue's.

    Raises:
        ProvisionError: if the forge can't be made.
        ObservationError: if what became of a push can't be told.
    """
    trials: list[MergeTrial] = []
    with throwaway_forge(folder, clone, branches=branches, rulesets=rulesets, default_branch=default_branch) as forge:
        for branch in branches:
            trials += _of_branch(forge, branch, required, queue=queue)
        kept = evidence.keep("merges.txt", forge.transcript)
    asked = len(branches) * (1 + len(required) * len(ABSENT))
    return MergeTrials(substrate=SUBSTRATE, evidence=(kept,), trials=tuple(trials), asked=asked)


def _of_branch(forge: Forge, branch: str, required: Sequence[CheckRun], *, queue: bool) -> Iterator[MergeTrial]:
    # Last what should get in: it moves the branch.
    for check in required:
        for result, conclusion in ABSENT.items():
            runs = [each for each in required if each != check]
            if conclusion is not None:
                runs.append(CheckRun(name=check.name, conclusion=conclusion, app_id=check.app_id))
            what = f"{check.name} is {result}, {branch}"
            pushed = _tried(forge, branch, what, reviewed(runs, queue=queue))
            yield MergeTrial(check=check.name, result=result, pushed=pushed)
    pushed = _tried(forge, branch, f"every check is {GOOD}, {branch}", reviewed(required, queue=queue))
    yield MergeTrial(check="", result=GOOD, pushed=pushed)


def _tried(forge: Forge, branch: str, what: str, pull: PullRequest) -> Pushed:
    number = forge.propose(branch, ".exitgate-trial", f"{what}\n")
    forge.record(number, pull)
    return forge.merge(number)
