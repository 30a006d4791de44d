"""Faults of 3.1.A.1.2: branch rules that let changes round CI and reviews."""

from __future__ import annotations

from exitgate.faults.pipeline.edits import edit_policy, edit_ruleset, faults, rule, without
from exitgate.target import CONFIGURATION_FILE

_RULESETS = ".json"
_FORGE = {"3.1.C.1", "3.1.C.2", "3.1.C.3"}

FAULTS = faults(
    "3.1.A.1.2",
    (
        "no-review-policy",
        "nobody wrote down what a pull request needs",
        "policy-declared",
        CONFIGURATION_FILE,
        "no rule says what a pull request needs",
        edit_policy(r"^\[policy\.pipeline\.pull_requests\]\n(?:(?!\[).*\n)*", ""),
    ),
    (
        "force-push-by-policy",
        "the policy lets main be force-pushed",
        "policy-declared",
        CONFIGURATION_FILE,
        "lets protected branches be force-pushed",
        edit_policy(r"^force_pushes_refused = true", "force_pushes_refused = false"),
    ),
    (
        "ruleset-evaluated",
        "the ruleset was left in evaluate mode, which only reports",
        "ruleset-conforms",
        _RULESETS,
        "main is protected by no active ruleset",
        edit_ruleset(lambda data: data.update(enforcement="evaluate")),
    ),
    (
        "release-unprotected",
        "the ruleset names main alone",
        "ruleset-conforms",
        _RULESETS,
        "release/1.2 is protected by no active ruleset",
        edit_ruleset(lambda data: data["conditions"]["ref_name"].update(include=["~DEFAULT_BRANCH"])),
    ),
    (
        "release-excluded",
        "the ruleset excludes release branches again",
        "ruleset-conforms",
        _RULESETS,
        "release/1.2 is protected by no active ruleset",
        edit_ruleset(lambda data: data["conditions"]["ref_name"].update(exclude=["refs/heads/release/**/*"])),
    ),
    (
        "no-approval",
        "nobody has to approve",
        "ruleset-conforms",
        _RULESETS,
        "asks for too few approvals",
        edit_ruleset(lambda data: rule(data, "pull_request").update(required_approving_review_count=0)),
    ),
    (
        "stale-approvals-kept",
        "code that is pushed after the approval gets in",
        "ruleset-conforms",
        _RULESETS,
        "keeps approvals of code that was changed since",
        edit_ruleset(lambda data: rule(data, "pull_request").update(dismiss_stale_reviews_on_push=False)),
    ),
    (
        "direct-pushes",
        "main takes pushes without a pull request",
        "ruleset-conforms",
        _RULESETS,
        "takes pushes without a pull request",
        without("pull_request"),
    ),
    (
        "force-pushes",
        "main may be force-pushed",
        "ruleset-conforms",
        _RULESETS,
        "may be force-pushed",
        without("non_fast_forward"),
    ),
    (
        "stale-branches",
        "branches need not be up to date",
        "ruleset-conforms",
        _RULESETS,
        "takes branches that are not up to date",
        edit_ruleset(
            lambda data: rule(data, "required_status_checks").update(strict_required_status_checks_policy=False)
        ),
    ),
    (
        "administrators-bypass",
        "the administrators may get round everything",
        "bypass-limited",
        _RULESETS,
        "RepositoryRole 5 may get round the rules",
        edit_ruleset(
            lambda data: data["bypass_actors"].append(
                {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
            )
        ),
    ),
    also={"ruleset-evaluated": _FORGE, "direct-pushes": _FORGE},
)
