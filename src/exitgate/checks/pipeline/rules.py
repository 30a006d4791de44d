"""Whether the exported rulesets, added up, are at least as strict as the policy, and whom they let round."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.checks.pipeline.samples import branches_of
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.rulesets import BranchRules, Ruleset, rules_of
from exitgate.observe.workflow import PipelineModel, Rulesets
from exitgate.policy import PipelinePolicy
from exitgate.policy.pipeline import PullRequestPolicy

_REMEDY = "Change the ruleset on GitHub, and export it again."


def lax_rulesets(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each rule of the policy that the rulesets of a protected branch don't enforce.

    Raises:
        PrerequisiteMissing: if the policy has no such rules.
    """
    wanted = wanted_rules(policy)
    if absent := _absent(model.rulesets):
        return absent
    findings: dict[tuple[str, str], Finding] = {}
    for sample in branches_of(policy).start_ci:
        rules = rules_of(model.rulesets.all, sample, model.default_branch)
        found = lacking(rules, wanted, policy, _REMEDY) if rules.rulesets else _unprotected(sample, model)
        for finding in found:
            findings.setdefault((finding.location, finding.message.replace(sample, "")), finding)
    return list(findings.values())


def wanted_rules(policy: PipelinePolicy) -> PullRequestPolicy:
    """Return what the policy asks of branch rules.

    Raises:
        PrerequisiteMissing: if it asks nothing; the control that owns it says so.
    """
    if policy.pull_requests is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [policy.pipeline.pull_requests]",
            expected="the rules that rulesets are measured by",
            action="Add [policy.pipeline.pull_requests].",
            blocked_by="3.1.A.1.2",
        )
    return policy.pull_requests


def unlimited_bypasses(rulesets: Rulesets, policy: PipelinePolicy) -> list[Finding]:
    """Name each actor who may get round a ruleset and whom the policy does not name.

    Raises:
        PrerequisiteMissing: if there is no ruleset, or one does not tell.
    """
    for each in _absent(rulesets):
        raise PrerequisiteMissing(
            each.location, got=each.got, expected=each.expected, action=each.remedy, blocked_by="3.1.A.1.2"
        )
    for ruleset in rulesets.all:
        if not ruleset.bypass_known:
            raise PrerequisiteMissing(
                ruleset.path,
                got="no bypass_actors: the export does not tell who may get round it",
                expected="an export by somebody with administration rights",
                action=_REMEDY,
            )
    return [
        finding for ruleset in rulesets.all if ruleset.target == "branch" for finding in unnamed_actors(ruleset, policy)
    ]


def unnamed_actors(ruleset: Ruleset, policy: PipelinePolicy) -> Iterator[Finding]:
    """Yield each actor who may get round a ruleset and whom the policy does not name."""
    # GitHub gives an organisation's administrators the number 1, and deploy keys none at all.
    by_kind = {actor.type for actor in policy.bypass if actor.type in {"OrganizationAdmin", "DeployKey"}}
    named = {(actor.type, actor.id) for actor in policy.bypass}
    for actor in ruleset.bypass:
        if (actor.type, actor.id) not in named and actor.type not in by_kind:
            yield Finding(
                location=actor.place,
                message=f"{actor.type} {actor.id} may get round the rules {ruleset.name!r}",
                expected="nobody but whom [[policy.pipeline.bypass]] names",
                got=f"bypass_mode {actor.mode}",
                remedy="Take the actor from the ruleset, or name it in the policy with a reason.",
            )


def _absent(rulesets: Rulesets) -> list[Finding]:
    missing = rulesets.missing or (() if rulesets.all else ("exitgate.toml",))
    return [
        Finding(
            location=path,
            message="no exported ruleset tells what protects the branches",
            expected="a ruleset, exported from GitHub and named in [pipeline] rulesets",
            got="no such file" if rulesets.missing else "none named",
            remedy="Export the rulesets of the repository (Settings, Rules, Rulesets), commit and name them.",
        )
        for path in missing
    ]


def lacking(rules: BranchRules, wanted: PullRequestPolicy, policy: PipelinePolicy, remedy: str) -> Iterator[Finding]:
    """Yield each rule of the policy that the rules of a branch don't enforce; the branch has at least one ruleset."""
    place = rules.rulesets[0].path
    pull, checks = rules.of("pull_request"), rules.of("required_status_checks")
    at_pull, at_checks = (rule[0].place if rule else place for rule in (pull, checks))

    def lacks(location: str, what: str, expected: str, got: str) -> Finding:
        message = f"{rules.branch} {what}"
        return Finding(location=location, message=message, expected=expected, got=got, remedy=remedy)

    if not pull:
        yield lacks(place, "takes pushes without a pull request", "a rule pull_request", "no such rule")
    elif rules.approvals < wanted.approvals:
        yield lacks(at_pull, "asks for too few approvals", f"at least {wanted.approvals}", str(rules.approvals))
    for asked, parameter, what in (
        (
            wanted.stale_approvals_dismissed,
            "dismiss_stale_reviews_on_push",
            "keeps approvals of code that was changed since",
        ),
        (wanted.code_owners_approve, "require_code_owner_review", "asks no code owner"),
        (wanted.last_push_approved_by_another, "require_last_push_approval", "lets whoever pushed last approve"),
    ):
        if pull and asked and not rules.flag("pull_request", parameter):
            yield lacks(at_pull, what, f"{parameter}: true", "false")
    strict = "strict_required_status_checks_policy"
    if wanted.up_to_date and not rules.flag("required_status_checks", strict) and not rules.of("merge_queue"):
        yield lacks(at_checks, "takes branches that are not up to date", f"{strict}: true", "false")
    for asked, kind, what in (
        (wanted.force_pushes_refused, "non_fast_forward", "may be force-pushed"),
        (wanted.deletions_refused, "deletion", "may be deleted"),
        (policy.merge_queue, "merge_queue", "has no merge queue"),
    ):
        if asked and not rules.of(kind):
            yield lacks(place, what, f"a rule {kind}", "no such rule")


def _unprotected(branch: str, model: PipelineModel) -> list[Finding]:
    covering = [each for each in model.rulesets.all if each.covers(branch, model.default_branch)]
    first = next(iter(covering), model.rulesets.all[0])
    return [
        Finding(
            location=first.enforcement_place if covering else first.path,
            message=f"{branch} is protected by no active ruleset",
            expected="enforcement active" if covering else "a ruleset of branches whose conditions name it",
            got=f"enforcement {first.enforcement}, which keeps nothing out"
            if covering
            else f"{', '.join(first.include) or 'nothing'}, except {', '.join(first.exclude) or 'nothing'}",
            remedy="Activate the ruleset, and name the branch in its conditions: refs/heads/…, where * ends at a slash.",
        )
    ]
