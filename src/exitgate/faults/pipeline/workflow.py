"""Faults of 3.1.B.1.1 to 3.1.B.1.4: workflows that don't run, that trust too much, and that test something else."""

from __future__ import annotations

from exitgate.faults.fault import FaultSite
from exitgate.faults.pipeline.edits import WORKFLOWS, add, edit, faults, workflow

_LABELLER = """\
name: Label
on:
  pull_request_target:
    types: [opened, synchronize]
permissions: {}
jobs:
  label:
    name: label
    runs-on: ubuntu-24.04
    permissions: {}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          ref: ${{ github.event.pull_request.head.sha }}
          persist-credentials: false
"""
_GREETER = """\
name: Greet
on:
  issue_comment:
    types: [created]
permissions: {}
jobs:
  greet:
    name: greet
    runs-on: ubuntu-24.04
    permissions: {}
    steps:
      - run: echo "hello"
        env:
          TOKEN: ${{ secrets.GREETER_TOKEN }}
"""
_RUN = {"3.1.C.1", "3.1.C.2", "3.1.C.3", "3.1.B.2.1", "3.1.B.2.2", "3.1.B.2.3"}


def _remove_workflow(site: FaultSite) -> None:
    (site.root / workflow(site)).unlink()


def _remove_lockfile(site: FaultSite) -> None:
    (site.root / "package-lock.json").unlink()


_SOUND = faults(
    "3.1.B.1.1",
    (
        "no-workflow",
        "the workflow was deleted",
        "workflow-valid",
        WORKFLOWS,
        "the workflow that validates changes is not there",
        _remove_workflow,
    ),
    (
        "needs-misspelt",
        "a job needs one that is not there, so GitHub runs nothing",
        "workflow-valid",
        WORKFLOWS,
        "the job ci needs 'verfy', which is not there",
        edit(r"needs: \[verify,", "needs: [verfy,"),
    ),
    (
        "needs-in-a-circle",
        "two jobs wait for each other",
        "workflow-valid",
        WORKFLOWS,
        "a cycle in needs",
        edit(r"^    name: integration\n", "    name: integration\n    needs: ci\n"),
    ),
    (
        "key-twice",
        "a merge left a key twice",
        "workflow-valid",
        WORKFLOWS,
        "'timeout-minutes' for the second time",
        edit(r"^    timeout-minutes: 15\n", "    timeout-minutes: 15\n    timeout-minutes: 20\n"),
    ),
    (
        "unknown-runner",
        "a runner that GitHub does not have",
        "workflow-valid",
        WORKFLOWS,
        'label "ubuntu-30.04" is unknown',
        edit(r"runs-on: ubuntu-24\.04", "runs-on: ubuntu-30.04"),
    ),
    (
        "title-in-a-script",
        "a pull request's title is pasted into a script",
        "security-lint",
        WORKFLOWS,
        "zizmor: code injection via template expansion",
        edit(
            r"run: npx nx affected -t lint$",
            'run: npx nx affected -t lint --title="${{ github.event.pull_request.title }}"',
        ),
    ),
    (
        "action-by-tag",
        "an action is used by its tag, which others can move",
        "actions-pinned",
        WORKFLOWS,
        "the action actions/checkout@v7 can change",
        edit(r"actions/checkout@[0-9a-f]{40}", "actions/checkout@v7"),
    ),
    (
        "image-by-tag",
        "the database's image has no digest",
        "actions-pinned",
        WORKFLOWS,
        "the image postgres:18 can change",
        edit(r"postgres:18@sha256:[0-9a-f]{64}", "postgres:18"),
    ),
    (
        "token-writes",
        "a job's token may write to the repository",
        "least-permissions",
        WORKFLOWS,
        "may do more than the policy allows: contents: write",
        edit(r"contents: read", "contents: write"),
    ),
    (
        "token-unlimited",
        "nobody wrote down what tokens may do",
        "least-permissions",
        WORKFLOWS,
        "nobody wrote down what the token of the job",
        edit(r"^ *permissions:(?: \{\}\n|\n +contents: read.*\n)", "", count=0),
    ),
    (
        "fork-code-trusted",
        "a workflow checks out a fork's code on the repository's own authority",
        "forks-get-no-secrets",
        WORKFLOWS,
        "checks out the fork's code",
        add(".github/workflows/label.yml", _LABELLER),
    ),
    (
        "comment-gets-secret",
        "anybody's comment starts a job with a secret",
        "forks-get-no-secrets",
        WORKFLOWS,
        "starts the job greet with a secret",
        add(".github/workflows/greet.yml", _GREETER),
    ),
    also={},
)
_VERSIONS = faults(
    "3.1.B.1.2",
    (
        "one-version",
        "the older supported version is tried no more",
        "matrix-covers",
        WORKFLOWS,
        "no leg of a matrix runs Node.js 20",
        edit(r'node: \["20", "22"\]', 'node: ["22"]'),
    ),
    (
        "version-excluded",
        "a leg was excluded, to be green again",
        "matrix-covers",
        WORKFLOWS,
        "no leg of a matrix runs Node.js 22",
        edit(r'(        node: \["20", "22"\]\n)', r'\1        exclude: [{ node: "22" }]\n'),
    ),
    (
        "every-leg-excluded",
        "both legs were excluded, and the job is one of no legs",
        "matrix-covers",
        WORKFLOWS,
        "no leg of a matrix runs Node.js",
        edit(r'(        node: \["20", "22"\]\n)', r'\1        exclude: [{ node: "20" }, { node: "22" }]\n'),
    ),
    (
        "version-fixed",
        "both legs set up the same version",
        "matrix-covers",
        WORKFLOWS,
        "no leg of a matrix runs Node.js 20",
        edit(r"node-version: \$\{\{ matrix\.node \}\}", 'node-version: "22"'),
    ),
    (
        "engines-refuse",
        "engines refuse a version that is supported",
        "matrix-covers",
        "package.json",
        "engines refuse Node.js 20",
        edit(r'"node": ">=20"', '"node": ">=22"', "package.json"),
    ),
    also={
        "one-version": {"3.1.C.2"},
        "version-excluded": {"3.1.C.2"},
        "every-leg-excluded": {"3.1.C.2"},
        "version-fixed": {"3.1.C.2"},
        "engines-refuse": _RUN | {"3.1.B.1.3"},
    },
)
_INSTALLS = faults(
    "3.1.B.1.3",
    (
        "plain-install",
        "a job installs what fits instead of what is locked",
        "frozen-install",
        WORKFLOWS,
        "`npm install --ignore-scripts` may install what the lockfile does not hold",
        edit(r"npm ci --ignore-scripts", "npm install --ignore-scripts"),
    ),
    (
        "install-as-a-fallback",
        "where the lockfile does not fit, a plain install stands in",
        "frozen-install",
        WORKFLOWS,
        "`npm install` may install what the lockfile does not hold",
        edit(r"npm ci --ignore-scripts", "npm ci --ignore-scripts || npm install"),
    ),
    (
        "no-lockfile",
        "the lockfile is not committed",
        "frozen-install",
        "package.json",
        "the lockfile of npm is not committed",
        _remove_lockfile,
    ),
    also={
        "plain-install": {"3.1.C.2"},
        "install-as-a-fallback": {"3.1.C.2"},
        "no-lockfile": _RUN | {"3.1.B.1.2", "3.1.B.1.4"},
    },
)
_AFFECTED = faults(
    "3.1.B.1.4",
    (
        "shallow-checkout",
        "the checkout has one commit: there is nothing to compare with",
        "history-present",
        WORKFLOWS,
        "on a checkout without its history",
        edit(r"^          fetch-depth: 0\n", ""),
    ),
    (
        "base-is-head",
        "the newest commit is compared with itself",
        "history-present",
        WORKFLOWS,
        "compares the newest commit with itself",
        edit(r"nx affected -t test$", "nx affected -t test --base=HEAD"),
    ),
    (
        "base-of-pull-requests-alone",
        "the base is one that a push and a merge queue don't have",
        "history-present",
        WORKFLOWS,
        "has no base on a push and in a merge queue",
        edit(r"nx affected -t test$", 'nx affected -t test --base="origin/$GITHUB_BASE_REF"'),
    ),
    also=dict.fromkeys(("shallow-checkout", "base-is-head", "base-of-pull-requests-alone"), _RUN),
)

FAULTS = (*_SOUND, *_VERSIONS, *_INSTALLS, *_AFFECTED)
