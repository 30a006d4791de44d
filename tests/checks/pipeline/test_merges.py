"""Merges that were tried on a throwaway forge, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.checks.pipeline import merges_without_result
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.merging import CheckRun
from exitgate.github.rulesets import RequiredContext, Rule, Ruleset
from exitgate.observe.merging import SUBSTRATE, MergeTrial, MergeTrials, read_merge_trials
from exitgate.provision.forge import Pushed
from tests.provision.repository import git, write

RULESET = Ruleset(
    path="rules.json",
    name="main",
    target="branch",
    enforcement="active",
    include=("refs/heads/main",),
    exclude=(),
    rules=(
        Rule(type="pull_request", place="", parameters={"required_approving_review_count": 2}),
        Rule(
            type="required_status_checks",
            place="",
            contexts=(RequiredContext(name="ci", app_id=15368, place=""),),
        ),
    ),
    bypass=(),
)


def pushed(*reasons: str) -> Pushed:
    after = "b" * 40 if not reasons else "a" * 40
    return Pushed(
        branch="main", accepted=not reasons, reasons=reasons, change="merged", before="a" * 40, after=after, said=""
    )


def observed(*trials: MergeTrial, asked: int | None = None) -> MergeTrials:
    return MergeTrials(substrate=SUBSTRATE, trials=trials, asked=len(trials) if asked is None else asked)


REFUSED = MergeTrial(check="ci", result="missing", pushed=pushed("never reported"))
MERGED = MergeTrial(check="ci", result="missing", pushed=pushed())
GOOD = MergeTrial(check="", result="successful", pushed=pushed())


def test_refusals_beside_a_merge_that_works_are_no_findings() -> None:
    assert merges_without_result(observed(REFUSED, GOOD)) == []


def test_a_merge_without_a_result_is_a_finding() -> None:
    (finding,) = merges_without_result(observed(MERGED, GOOD))
    assert finding.location == "main"
    assert finding.message == "a change was merged while the required check 'ci' was missing"


@pytest.mark.parametrize("trials", [(), (REFUSED,)])
def test_what_was_not_tried_is_no_pass(trials: tuple[MergeTrial, ...]) -> None:
    with pytest.raises(ObservationError, match="tried"):
        merges_without_result(observed(*trials, asked=2 if trials else 0))


def test_rules_that_refuse_everything_prove_nothing() -> None:
    blocked = replace(GOOD, pushed=pushed("nobody may update the branch"))
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.3"):
        merges_without_result(observed(REFUSED, blocked))


@pytest.mark.parametrize("enforcement", ["active", "evaluate"])
def test_merges_are_tried_by_real_pushes(enforcement: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch=main")
    write(source, **{"a.txt": "a\n", ".gitignore": ".*\n"})
    git(source, "add", "--all", "--force")
    git(source, "commit", "--quiet", "--message", "first")
    found = read_merge_trials(
        tmp_path / "forge",
        source,
        (replace(RULESET, enforcement=enforcement),),
        (CheckRun(name="ci", conclusion="success"),),
        branches=("main",),
        default_branch="main",
        queue=False,
        evidence=EvidenceFolder(tmp_path / "report"),
    )
    said = [(finding.location, finding.message.rpartition(" ")[2]) for finding in merges_without_result(found)]
    results = ("missing", "pending", "cancelled", "failed")
    assert said == ([] if enforcement == "active" else [("main", each) for each in results])
    assert len(found.trials) == found.asked == 5
    (kept,) = found.evidence
    assert "$ git push" in (tmp_path / "report" / kept.path).read_text()
