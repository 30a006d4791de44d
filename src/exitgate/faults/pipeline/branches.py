"""Faults of 3.1.A.1.1: branches on which CI does not start, and changes that wait for a check for ever."""

from __future__ import annotations

from exitgate.faults.pipeline.edits import WORKFLOWS, edit, edit_policy, faults
from exitgate.target import CONFIGURATION_FILE

_MASKED = {"3.1.C.1", "3.1.C.2", "3.1.C.3"}

FAULTS = faults(
    "3.1.A.1.1",
    (
        "no-branch-policy",
        "nobody wrote down on which branches CI runs",
        "policy-declared",
        CONFIGURATION_FILE,
        "no rule says on which branches CI runs",
        edit_policy(r"^\[policy\.pipeline\.branches\]\n(?:(?!\[).*\n)*", ""),
    ),
    (
        "protected-branch-ignored",
        "the policy has a release branch among those that start no CI",
        "policy-declared",
        CONFIGURATION_FILE,
        "release/9 is protected and starts no CI",
        edit_policy(r"^ignored = \[", 'ignored = ["release/9", '),
    ),
    (
        "pattern-without-sample",
        "a pattern of protected branches was added that nobody tries",
        "policy-declared",
        CONFIGURATION_FILE,
        "hotfix/** is a protected pattern without a sample",
        edit_policy(r"^protected = \[", 'protected = ["hotfix/**", '),
    ),
    (
        "release-branches-forgotten",
        "CI runs on main alone, and hotfixes go to release branches",
        "branches-trigger",
        WORKFLOWS,
        "a push to release/1.2 starts no CI",
        edit(r'branches: \[main, "release/\*"\]', "branches: [main]", count=0),
    ),
    (
        "filter-too-wide",
        "two asterisks: somebody's trial branches start CI as well",
        "branches-trigger",
        WORKFLOWS,
        "release/1.2/try starts CI, which the policy has ignored",
        edit(r'"release/\*"', '"release/**"', count=0),
    ),
    (
        "branch-negated",
        "a pattern that takes release branches back stands last",
        "branches-trigger",
        WORKFLOWS,
        "starts no CI",
        edit(r'branches: \[main, "release/\*"\]', 'branches: [main, "release/*", "!release/1*"]', count=0),
    ),
    (
        "no-ci-on-push",
        "CI runs on pull requests alone: what lands together is never tested together",
        "branches-trigger",
        WORKFLOWS,
        "a push to main starts no CI",
        edit(r"^  push:\n    branches:.*\n", ""),
    ),
    (
        "path-filter",
        "CI runs for changes of code alone, to save minutes",
        "checks-reported",
        WORKFLOWS,
        "never gets the check 'ci' reported",
        edit(r"^(  pull_request:\n    branches:.*\n)", r'\1    paths: ["apps/**", "libs/**"]\n'),
    ),
    (
        "documents-ignored",
        "changes of documents start no CI",
        "checks-reported",
        WORKFLOWS,
        "touches x.md never gets the check 'ci' reported",
        edit(r"^(  pull_request:\n    branches:.*\n)", r'\1    paths-ignore: ["**.md"]\n'),
    ),
    (
        "first-commit-alone",
        "CI runs when a pull request is opened, and not when commits are added",
        "checks-reported",
        WORKFLOWS,
        "(synchronize)",
        edit(r"^(  pull_request:\n    branches:.*\n)", r"\1    types: [opened]\n"),
    ),
    (
        "after-the-merge",
        "CI runs when a pull request is closed",
        "branches-trigger",
        WORKFLOWS,
        "a pull request into main (opened) starts no CI",
        edit(r"^(  pull_request:\n    branches:.*\n)", r"\1    types: [closed]\n"),
    ),
    also={
        "path-filter": _MASKED,
        "documents-ignored": _MASKED,
        "first-commit-alone": _MASKED,
        "after-the-merge": _MASKED,
        "release-branches-forgotten": _MASKED,
        "branch-negated": _MASKED,
        "no-ci-on-push": _MASKED,
    },
)
