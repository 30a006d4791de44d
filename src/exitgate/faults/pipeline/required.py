"""Faults of 3.1.A.1.3: required checks that nobody reports, that can be skipped, and that stay green."""

from __future__ import annotations

from exitgate.faults.fault import FaultSite
from exitgate.faults.pipeline.edits import WORKFLOWS, add, edit, edit_policy, edit_ruleset, faults, rule
from exitgate.target import CONFIGURATION_FILE

_SECOND = """\
name: Nightly
on:
  pull_request:
    branches: [main]
permissions: {}
jobs:
  quick:
    name: ci
    runs-on: ubuntu-24.04
    permissions: {}
    timeout-minutes: 5
    steps:
      - run: echo fine
"""
_STEP = r"""          echo "\$RESULTS"
          \[\[ "\$RESULTS" =~ .*
"""
_LOOSE = "          if [[ $RESULTS == *failure* ]]; then exit 1; fi\n"
_AGGREGATE = {
    "3.1.C.1",
    "3.1.C.2",
    "3.1.C.3",
    "3.1.B.1.2",
    "3.1.B.1.3",
    "3.1.B.1.4",
    "3.1.B.2.1",
    "3.1.B.2.2",
    "3.1.B.2.3",
}

_SHOWN = (
    "another-check-required",
    "job-renamed",
    "two-producers",
    "matrix-in-the-name",
    "queue-without-trigger",
    "aggregate-skipped",
    "aggregate-for-drafts",
    "aggregate-for-pushes",
    "job-not-needed",
    "job-continues",
    "aggregate-loose",
    "aggregate-says-ok",
    "aggregate-step-continues",
    "job-by-title",
)
"""Faults that the workflow's execution, and what becomes of a merge, show as well."""


def _forget_the_queue(site: FaultSite) -> None:
    edit_policy(r"^merge_queue = false", "merge_queue = true")(site)
    edit(r"^  merge_group:\n", "")(site)
    edit_ruleset(lambda data: data["rules"].append({"type": "merge_queue", "parameters": {}}))(site)


def _spare_by_title(site: FaultSite) -> None:
    edit(r"^  verify:\n", "  verify:\n    if: \"!contains(github.event.pull_request.title, '[quick]')\"\n")(site)
    edit(r"\^success\(\\ success\)\*\$", r"^(success|skipped)(\\ (success|skipped))*$")(site)


FAULTS = faults(
    "3.1.A.1.3",
    (
        "no-required-check",
        "no check has to succeed by the policy",
        "policy-declared",
        CONFIGURATION_FILE,
        "no check has to succeed before a merge",
        edit_policy(r"^\[\[policy\.pipeline\.required_check\]\]\n(?:(?!\[).*\n)*", ""),
    ),
    (
        "another-check-required",
        "the ruleset still requires the check that was renamed",
        "ruleset-requires",
        ".json",
        "do not require 'ci'",
        edit_ruleset(
            lambda data: rule(data, "required_status_checks")["required_status_checks"][0].update(context="build")
        ),
    ),
    (
        "anybody-reports",
        "whoever may write statuses can report the check",
        "ruleset-requires",
        ".json",
        "'ci' may be reported by any application or token",
        edit_ruleset(
            lambda data: rule(data, "required_status_checks")["required_status_checks"][0].pop("integration_id")
        ),
    ),
    (
        "job-renamed",
        "the job was renamed, the rules were not",
        "one-producer",
        WORKFLOWS,
        "no job reports 'ci'",
        edit(r"^    name: ci\n", "    name: all checks\n"),
    ),
    (
        "two-producers",
        "a second workflow has a job of the same name",
        "one-producer",
        WORKFLOWS,
        "2 jobs report 'ci'",
        add(".github/workflows/nightly.yml", _SECOND),
    ),
    (
        "matrix-in-the-name",
        "the required job got a matrix, so its name is another one",
        "one-producer",
        WORKFLOWS,
        "no job reports 'ci'",
        edit(r"^    name: ci\n", '    name: ci\n    strategy:\n      matrix:\n        shard: ["1", "2"]\n'),
    ),
    (
        "queue-without-trigger",
        "a merge queue is used, and CI does not run on it",
        "one-producer",
        WORKFLOWS,
        "no job reports 'ci' for a merge queue entry",
        _forget_the_queue,
    ),
    (
        "aggregate-skipped",
        "always() was taken from the required job: where a job fails it is skipped, which counts as success",
        "never-skipped",
        WORKFLOWS,
        "the required check 'ci' can be skipped, when",
        edit(r"^    if: always\(\)\n", ""),
    ),
    (
        "aggregate-for-drafts",
        "the required job is skipped for drafts",
        "never-skipped",
        WORKFLOWS,
        "can be skipped, by github.event.pull_request.draft",
        edit(r"^    if: always\(\)\n", "    if: always() && github.event.pull_request.draft != true\n"),
    ),
    (
        "aggregate-for-pushes",
        "the required job runs on pushes alone",
        "never-skipped",
        WORKFLOWS,
        "can be skipped, for a pull request",
        edit(r"^    if: always\(\)\n", "    if: always() && github.event_name == 'push'\n"),
    ),
    (
        "job-not-needed",
        "a job is missing from what the required one needs",
        "failures-reach",
        WORKFLOWS,
        "the job integration can end as failure",
        edit(r"needs: \[verify, integration, repository\]", "needs: [verify, repository]"),
    ),
    (
        "job-continues",
        "a job's failure was declared to be none",
        "failures-reach",
        WORKFLOWS,
        "the job integration can end as failure",
        edit(r"^    name: integration\n", "    name: integration\n    continue-on-error: true\n"),
    ),
    (
        "aggregate-loose",
        "the required job looks for failures alone: a cancelled job passes",
        "failures-reach",
        WORKFLOWS,
        "can end as cancelled",
        edit(_STEP, _LOOSE),
    ),
    (
        "aggregate-says-ok",
        "the required job looks at nothing",
        "failures-reach",
        WORKFLOWS,
        "the job verify can end as failure",
        edit(_STEP, "          echo ok\n"),
    ),
    (
        "aggregate-step-continues",
        "the required job's one step may fail",
        "failures-reach",
        WORKFLOWS,
        "the job verify can end as failure",
        edit(r"^(      - name: Every job succeeded\n)", r"\1        continue-on-error: true\n"),
    ),
    (
        "job-by-title",
        "a word in a pull request's title spares it the tests, and the required job takes skipped jobs for good ones",
        "failures-reach",
        WORKFLOWS,
        "the job verify can end as skipped",
        _spare_by_title,
    ),
    also=dict.fromkeys(_SHOWN, _AGGREGATE),
)
