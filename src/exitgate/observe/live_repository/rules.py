"""The rules that GitHub says are in force for branches, by rulesets and by branch protection, and who may get round them.

Sources: https://docs.github.com/en/rest/repos/rules and https://docs.github.com/en/rest/branches/branch-protection
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.rulesets import Actor, BranchRules, RequiredContext, Rule, Ruleset, rules_of
from exitgate.observation import Observation
from exitgate.observe.live_repository.answers import (
    ProtectionAnswer,
    RuleAnswer,
    RulesetAnswer,
    all_parsed,
    parsed,
)
from exitgate.observe.live_repository.repository import METADATA, LiveRepository
from exitgate.observe.workflow import Rulesets
from exitgate.observe.workflow.rulesets import rule_of
from exitgate.provision.github_api import Answer, unreadable

ADMINISTRATION, ADMINISTRATION_WRITE = "Administration: read", "Administration: write"
_ADMINISTRATORS = 5
"""GitHub's number of a repository's role admin."""
_UNPROTECTED = "Branch not protected"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBranch:
    """What holds for one branch."""

    rulesets: BranchRules
    """Of the rulesets that are active, those of the organisation among them."""
    protection: Ruleset | None
    """Branch protection as if it were a ruleset; nothing where there is none, or it is not shown."""
    unseen: PrerequisiteMissing | None
    """Why branch protection is not known, where it is not."""
    exported: BranchRules
    """Of the rulesets that the target exported, those that are active there."""

    @property
    def name(self) -> str:
        """The branch."""
        return self.rulesets.branch

    @property
    def together(self) -> BranchRules:
        """All that holds as far as it was shown: rulesets and protection add up."""
        more = (self.protection,) if self.protection else ()
        return dataclasses.replace(self.rulesets, rulesets=(*self.rulesets.rulesets, *more))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRules(Observation):
    """What holds for the policy's sample branches."""

    place: str
    default_branch: str
    export: str
    """The first file that the target names as an export, or the one that names none."""
    branches: tuple[LiveBranch, ...]
    own_bypass: tuple[tuple[str, str], ...]
    """Place of each ruleset that whoever holds the token may get round, and how."""


def read_live_rules(
    live: LiveRepository, branches: Sequence[str], rulesets: Rulesets, default_branch: str, evidence: EvidenceFolder
) -> LiveRules:
    """Ask for the rules of some branches; of one that does not exist GitHub tells what would hold.

    Args:
        rulesets: What the target exported, to hold against what is in force.
        default_branch: The branch that the exports mean by ``~DEFAULT_BRANCH``.

    Raises:
        PrerequisiteMissing: if the token may not even see rules, or GitHub does not answer.
        ObservationError: if an answer can't be read.
    """
    known: dict[int, RulesetAnswer | None] = {}
    found = tuple(_branch(live, rules_of(rulesets.all, name, default_branch), known) for name in branches)
    kept = evidence.keep("github-rules.json", json.dumps([_told(each) for each in found], indent=2) + "\n")
    return LiveRules(
        substrate=live.substrate(
            *(
                f"what branch protection asks of {each.name} beyond its rulesets is not shown"
                for each in found
                if each.unseen
            )
        ),
        evidence=(kept,),
        place=live.place(),
        default_branch=live.default_branch,
        export=next((each.path for each in rulesets.all), next(iter(rulesets.missing), "exitgate.toml")),
        branches=found,
        own_bypass=tuple(
            (live.place("rulesets", each.id), each.current_user_can_bypass)
            for each in known.values()
            if each and each.current_user_can_bypass not in (None, "never")
        ),
    )


def _branch(live: LiveRepository, exported: BranchRules, known: dict[int, RulesetAnswer | None]) -> LiveBranch:
    name = exported.branch
    path = f"rules/branches/{quote(name, safe='')}"
    rules = all_parsed(RuleAnswer, live.api.pages(path, METADATA), f"GitHub {live.name}: {path}")
    by_ruleset: dict[int, list[RuleAnswer]] = {}
    for rule in rules:
        by_ruleset.setdefault(rule.ruleset_id, []).append(rule)
    for number in by_ruleset:
        if number not in known:
            known[number] = _ruleset(live, number)
    rulesets = tuple(_as_ruleset(live, number, own, known[number]) for number, own in by_ruleset.items())
    protection, unseen = _protection(live, name)
    return LiveBranch(
        rulesets=BranchRules(branch=name, rulesets=rulesets),
        protection=protection,
        unseen=unseen,
        exported=exported,
    )


def _ruleset(live: LiveRepository, number: int) -> RulesetAnswer | None:
    """Return a ruleset as it is set up; nothing where the token may not see it."""
    answer = live.api.ask(f"rulesets/{number}", {"includes_parents": "true"})
    return parsed(RulesetAnswer, answer.body, answer.subject) if answer.status == HTTPStatus.OK else None


def _as_ruleset(
    live: LiveRepository, number: int, rules: Sequence[RuleAnswer], set_up: RulesetAnswer | None
) -> Ruleset:
    place = live.place("rulesets", number)
    if set_up is not None and (set_up.id != number or set_up.enforcement != "active"):
        got = f"a rule of ruleset {number} in force, and the ruleset {set_up.enforcement}"
        raise unreadable(f"GitHub {live.name}: rulesets/{number}", got)
    actors = set_up.bypass_actors if set_up else None
    return Ruleset(
        path=place,
        name=set_up.name if set_up else f"{number} of {rules[0].ruleset_source or live.name}",
        target="branch",
        enforcement="active",
        include=("~ALL",),
        exclude=(),
        rules=tuple(_rule(rule, place) for rule in rules),
        bypass=tuple(
            Actor(type=each.actor_type, id=each.actor_id or 0, mode=each.bypass_mode, place=place)
            for each in actors or ()
        ),
        enforcement_place=place,
        bypass_known=actors is not None,
    )


def _rule(rule: RuleAnswer, place: str) -> Rule:
    try:
        return rule_of({"type": rule.type, "parameters": rule.parameters}, place)
    except ObservationError as error:
        raise unreadable(place, error.got) from error


def _protection(live: LiveRepository, branch: str) -> tuple[Ruleset | None, PrerequisiteMissing | None]:
    """Return the branch's protection, or why it is not known: 404 stands for none and for no right to see it alike."""
    answer = live.api.ask(f"branches/{quote(branch, safe='')}/protection")
    if answer.status == HTTPStatus.OK:
        told = parsed(ProtectionAnswer, answer.body, answer.subject)
        return _as_rules(told, live.place("branches", branch, "protection")), None
    if answer.status == HTTPStatus.NOT_FOUND and answer.said == _UNPROTECTED:
        return None, None
    return None, _not_shown(answer, branch)


def _not_shown(answer: Answer, branch: str) -> PrerequisiteMissing:
    if answer.said == "Branch not found":
        return PrerequisiteMissing(
            answer.subject,
            got=f"no branch {branch}, and patterns of branch protection are not told of names",
            expected="rulesets that keep the policy by themselves, or a branch that can be asked about",
            action="Name a branch that exists in start_ci, or protect by rulesets.",
        )
    return answer.unseen(ADMINISTRATION)


def _as_rules(told: ProtectionAnswer, place: str) -> Ruleset:
    rules: list[Rule] = []
    actors: list[Actor] = []

    def let_round(kind: str, number: int, mode: str) -> None:
        actors.append(Actor(type=kind, id=number, mode=mode, place=place))

    if checks := told.required_status_checks:
        # -1 and nothing stand for any application.
        named = {each.context: each.app_id if (each.app_id or 0) > 0 else None for each in checks.checks or ()}
        contexts = {**dict.fromkeys(checks.contexts), **named}
        rules.append(
            Rule(
                type="required_status_checks",
                place=place,
                parameters={"strict_required_status_checks_policy": checks.strict},
                contexts=tuple(RequiredContext(name=name, app_id=app, place=place) for name, app in contexts.items()),
            )
        )
    if reviews := told.required_pull_request_reviews:
        rules.append(
            Rule(
                type="pull_request",
                place=place,
                parameters={
                    "required_approving_review_count": reviews.required_approving_review_count,
                    "dismiss_stale_reviews_on_push": reviews.dismiss_stale_reviews,
                    "require_code_owner_review": reviews.require_code_owner_reviews,
                    "require_last_push_approval": reviews.require_last_push_approval,
                    "required_review_thread_resolution": told.required_conversation_resolution.enabled,
                },
            )
        )
        allowed = reviews.bypass_pull_request_allowances
        for kind, several in (("User", allowed.users), ("Team", allowed.teams), ("Integration", allowed.apps)):
            for each in several:
                let_round(kind, each.id, "pull_request")
    refused = (("non_fast_forward", told.allow_force_pushes), ("deletion", told.allow_deletions))
    rules += [Rule(type=kind, place=place) for kind, allowed_to in refused if not allowed_to.enabled]
    if not told.enforce_admins.enabled:
        let_round("RepositoryRole", _ADMINISTRATORS, "always")
    return Ruleset(
        path=place,
        name="branch protection",
        target="branch",
        enforcement="active",
        include=("~ALL",),
        exclude=(),
        rules=tuple(rules),
        bypass=tuple(actors),
        enforcement_place=place,
    )


def _told(branch: LiveBranch) -> dict[str, object]:
    return {
        "branch": branch.name,
        "rulesets": [dataclasses.asdict(each) for each in branch.rulesets.rulesets],
        "branch_protection": dataclasses.asdict(branch.protection) if branch.protection else None,
        "not_shown": str(branch.unseen or ""),
    }
