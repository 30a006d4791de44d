"""Whether the rules that GitHub says are in force are the policy's, bind everybody, and are those that were exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exitgate.checks.pipeline.required import unlike_required
from exitgate.checks.pipeline.rules import lacking, unnamed_actors, wanted_rules
from exitgate.checks.pipeline.samples import required_names
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.rulesets import BranchRules, Rule, Ruleset
from exitgate.observe.live_repository import LiveRules
from exitgate.observe.live_repository.rules import ADMINISTRATION_WRITE
from exitgate.policy import PipelinePolicy

_REMEDY = "Change the rules on GitHub: Settings, Rules, Rulesets."
_ALL_WAYS = frozenset({"merge", "rebase", "squash"})


def lax_rules_in_force(live: LiveRules, policy: PipelinePolicy, default_branch: str) -> list[Finding]:
    """Name each rule of the policy that is not in force on a protected branch, by rulesets or by branch protection.

    Args:
        default_branch: What the target calls its default branch.

    Raises:
        PrerequisiteMissing: if the policy has no such rules, or what is missing may be in what the token may not see.
    """
    wanted = wanted_rules(policy)
    findings = _of_all_branches(live, lambda rules: lacking(rules, wanted, policy, _REMEDY), _unprotected)
    if live.default_branch != default_branch:
        findings.append(
            Finding(
                location="exitgate.toml",
                message=f"the default branch is {live.default_branch} on GitHub, and {default_branch} here",
                expected="the same, which ~DEFAULT_BRANCH of rulesets means",
                got=live.default_branch,
                remedy="Correct default_branch in [pipeline].",
            )
        )
    return findings


def foreign_requirements_in_force(live: LiveRules, policy: PipelinePolicy) -> list[Finding]:
    """Name each check that GitHub requires and the policy does not, the other way round, or of another application.

    Raises:
        PrerequisiteMissing: if the policy requires no check, a branch has no rule at all (the control that owns it says so), or
            what is missing may be in what the token may not see.
    """
    required_names(policy)
    return _of_all_branches(
        live,
        lambda rules: [each for _, each in unlike_required(rules, policy, _REMEDY)],
        lambda _, branch: _no_rule(branch, "rules that require checks"),
    )


def bypasses_in_force(live: LiveRules, policy: PipelinePolicy) -> list[Finding]:
    """Name each actor whom the policy does not name and who may get round the rules in force.

    Branch protection counts only where the rulesets of a branch leave something open that the policy asks for: they bind
    everybody by themselves otherwise.

    Raises:
        PrerequisiteMissing: if nothing is in force, or the token may not see who gets round it.
    """
    own = dict(live.own_bypass)
    findings: dict[tuple[str, str], Finding] = {}
    unseen: list[PrerequisiteMissing] = []
    for branch in live.branches:
        leaves_open = bool(_open(branch.rulesets, policy))
        if leaves_open and branch.unseen:
            unseen.append(branch.unseen)
        counted = (*branch.rulesets.rulesets, *((branch.protection,) if branch.protection and leaves_open else ()))
        if not counted and not branch.unseen:
            unseen.append(_no_rule(branch.name, "rules that somebody could get round"))
        for ruleset in counted:
            found = list(unnamed_actors(ruleset, policy))
            if not ruleset.bypass_known:
                if ruleset.path in own and not policy.bypass:
                    found.append(_by_the_token(ruleset, own[ruleset.path]))
                else:
                    unseen.append(_hidden(ruleset))
            for each in found:
                findings.setdefault((each.location, each.message), each)
    if unseen and not findings:
        raise unseen[0]
    return list(findings.values())


def strayed_exports(live: LiveRules) -> list[Finding]:
    """Name each exported rule of a protected branch that is not in force on GitHub as it was exported.

    What is in force beyond the export only makes GitHub stricter than the model that was asked in its place.

    Raises:
        PrerequisiteMissing: if no exported ruleset is active on any of the branches.
    """
    findings: dict[tuple[str, str], Finding] = {}
    compared = 0
    for branch in live.branches:
        in_force = {_meaning(rule) for ruleset in branch.rulesets.rulesets for rule in ruleset.rules}
        for rule in (rule for ruleset in branch.exported.rulesets for rule in ruleset.rules):
            compared += 1
            if _meaning(rule) not in in_force:
                finding = Finding(
                    location=rule.place,
                    message=f"the exported rule {rule.type} is not in force so on {branch.name}",
                    expected="the rulesets that are in force, exported",
                    got=_in_words(branch.rulesets.of(rule.type)),
                    remedy="Export the rulesets again, or put GitHub's right.",
                )
                findings.setdefault((rule.place, rule.type), finding)
    if not compared:
        raise PrerequisiteMissing(
            live.export,
            got="no exported rule of a protected branch",
            expected="rules to compare with GitHub's",
            action="Export the rulesets, and name them in [pipeline] rulesets.",
            blocked_by="3.1.A.1.2",
        )
    return list(findings.values())


def _of_all_branches(
    live: LiveRules,
    look: Callable[[BranchRules], Iterable[Finding]],
    unprotected: Callable[[LiveRules, str], Finding | PrerequisiteMissing],
) -> list[Finding]:
    """Return what is found on all branches: by rulesets alone, and where they leave something open, by protection as well.

    Args:
        unprotected: What is said of a branch without any rule.

    Raises:
        PrerequisiteMissing: if nothing is found for sure, and protection that is not shown decides.
    """
    findings: dict[tuple[str, str], Finding] = {}
    unseen: list[PrerequisiteMissing] = []
    for branch in live.branches:
        alone = list(look(branch.rulesets)) if branch.rulesets.rulesets else None
        if alone == []:
            continue
        if branch.unseen:
            unseen.append(branch.unseen)
            continue
        together = branch.together
        found: Iterable[Finding | PrerequisiteMissing]
        found = look(together) if together.rulesets else [unprotected(live, branch.name)]
        for each in found:
            if isinstance(each, PrerequisiteMissing):
                unseen.append(each)
            else:
                findings.setdefault((each.location, each.message.replace(branch.name, "")), each)
    if unseen and not findings:
        raise unseen[0]
    return list(findings.values())


def _open(rules: BranchRules, policy: PipelinePolicy) -> list[Finding]:
    """Return what the policy asks for and some rules leave open."""
    if not rules.rulesets:
        return [_nothing(rules.branch)]
    wanted = policy.pull_requests
    first = list(lacking(rules, wanted, policy, _REMEDY)) if wanted else []
    return [*first, *(each for _, each in unlike_required(rules, policy, _REMEDY))]


def _nothing(branch: str, place: str = "github") -> Finding:
    return Finding(
        location=place,
        message=f"{branch} is protected by no rule that is in force",
        expected="an active ruleset whose conditions name it",
        got="no rule at all",
        remedy=_REMEDY,
    )


def _unprotected(live: LiveRules, branch: str) -> Finding:
    return _nothing(branch, f"{live.place}/rules/{branch}")


def _no_rule(branch: str, expected: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"GitHub's rules for {branch}",
        got="none that is in force",
        expected=expected,
        action="Protect the branch.",
        blocked_by="3.1.A.1.2",
    )


def _by_the_token(ruleset: Ruleset, how: str) -> Finding:
    return Finding(
        location=ruleset.path,
        message=f"whoever holds the token may get round the rules {ruleset.name!r}",
        expected="nobody: the policy names nobody in [[policy.pipeline.bypass]]",
        got=f"current_user_can_bypass {how}",
        remedy="Take the actor from the ruleset, or name it in the policy with a reason.",
    )


def _hidden(ruleset: Ruleset) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        ruleset.path,
        got="no bypass_actors: GitHub shows them to those alone who may change the ruleset",
        expected=f"an answer to a token with {ADMINISTRATION_WRITE}",
        action=f"Give the token {ADMINISTRATION_WRITE} on the repository, or on the organisation whose ruleset it is.",
    )


def _meaning(rule: Rule) -> tuple[object, ...]:
    """Return what a rule comes to: a parameter that is left out is off, and merge methods that are left out are all."""
    set_on = frozenset((name, value) for name, value in rule.parameters.items() if value)
    ways = frozenset(rule.merge_methods) if rule.merge_methods is not None else _ALL_WAYS
    return (rule.type, set_on, frozenset((each.name, each.app_id) for each in rule.contexts), ways)


def _in_words(rules: Iterable[Rule]) -> str:
    told = [
        ", ".join(
            [
                *(f"{name}: {str(value).lower()}" for name, value in sorted(rule.parameters.items()) if value),
                *(f"{each.name} of {each.app_id or 'anybody'}" for each in rule.contexts),
                *([f"merges by {', '.join(rule.merge_methods)}"] if rule.merge_methods is not None else []),
            ]
        )
        or "no parameter that is on"
        for rule in rules
    ]
    return "; ".join(told) or "no such rule"
