"""Faults of 3.1.B.1.2, 3.1.B.1.4 and 3.1.B.2.1 to 3.1.B.2.3 that only a run shows: each leaves open what one check tries."""

from __future__ import annotations

import re

from exitgate.errors import TargetError
from exitgate.faults.fault import FaultSite, Inject
from exitgate.faults.pipeline.edits import WORKFLOWS, add, edit, faults

_MODEL = {"3.1.A.1.3", "3.1.B.1.1"}
_RUN = {"3.1.C.1", "3.1.C.2", "3.1.C.3", "3.1.B.1.2", "3.1.B.2.1", "3.1.B.2.2", "3.1.B.2.3"}
_RANGE = ".github/scripts/affected-range"
_TESTS = r"npx nx affected -t test$"
_INTEGRATION = r"npx nx affected -t integration --parallel=1$"
_RESULTS = r'^          \[\[ "\$RESULTS" =~ .*$'
_ALWAYS = r"^    if: always\(\)\n"
_NEEDS = r"needs: \[verify, integration, repository\]"
_MERGED = "a change was merged though it breaks something"
_ANSWERS = """\
import { connect } from "node:net";
connect(5432, "127.0.0.1")
  .on("connect", () => process.exit(0))
  .on("error", () => process.exit(1));
"""
_SCRIPT = re.compile(r"tsc && node --test (\S+(?: \S+)*?) dist-test/test/\*\.test\.js")


def _pass_without_tests(site: FaultSite) -> None:
    """Let every project's test script pass where there is no test, and take away the step that asks for some."""
    edit(r"^      - name: Projects without tests\n.*\n", "")(site)
    found = 0
    for file in sorted(site.root.glob("*/*/package.json")):
        text = file.read_text(encoding="utf-8")
        changed = _SCRIPT.sub(r"tsc && { [ ! -d dist-test/test ] || node --test \1 dist-test/test/*.test.js; }", text)
        if changed != text:
            file.write_text(changed, encoding="utf-8")
            found += 1
    if not found:
        raise TargetError(
            "package.json",
            got="no test script that the fault knows",
            expected="node --test after tsc",
            action="Prove the gate on the reference.",
        )


def _in_each_service(pattern: str, replacement: str) -> Inject:
    """Return what edits the package.json of every service."""

    def inject(site: FaultSite) -> None:
        for service in site.target.configuration.service:
            edit(pattern, replacement, f"{service.path}/package.json")(site)

    return inject


def _leave_out_without_a_database(site: FaultSite) -> None:
    """Let every service run its integration tests only where somebody listens on the database's port."""
    for service in site.target.configuration.service:
        add(f"{service.path}/answers.mjs", _ANSWERS)(site)
    tests = r"(node --test --test-reporter=spec --test-concurrency=\d dist-test/integration/\*\.test\.js)"
    _in_each_service(tests, r"if node answers.mjs; then \1; fi")(site)


def _in_the_front_end(pattern: str, replacement: str) -> Inject:
    """Return what edits the package.json of the front end that the run looks at."""

    def inject(site: FaultSite) -> None:
        frontends = site.target.configuration.frontend
        chosen = next((each for each in frontends if each.name == site.frontend), frontends[0])
        edit(pattern, replacement, f"{chosen.path}/package.json")(site)

    return inject


def _drop_the_build(site: FaultSite) -> None:
    """Take the build of a front end away, and let the one that puts front ends together go on without it."""
    _in_the_front_end(r'^    "build": "vite build",\n', "")(site)
    edit(r"^cp -R (\.\./\S+?/dist)", r"[ ! -d \1 ] || cp -R \1", "apps/web/assemble.sh", count=0)(site)


_LEGS = faults(
    "3.1.B.1.2",
    (
        "legs-under-the-systems-node",
        "the unit tests of every leg run under the machine's own Node.js",
        "legs-run",
        WORKFLOWS,
        "do not run under Node.js",
        edit(_TESTS, "PATH=/usr/bin:$PATH npx nx affected -t test"),
    ),
    (
        "newest-leg-tolerated",
        "unit tests may fail on the newer Node.js",
        "one-leg-blocks",
        WORKFLOWS,
        f"{_MERGED}: ",
        edit(
            r"^        run: npx nx affected -t test$",
            "        continue-on-error: ${{ matrix.node == '22' }}\n        run: npx nx affected -t test",
        ),
    ),
    (
        "older-leg-only-shown",
        "a failure on the older Node.js is shown, and not counted",
        "one-leg-blocks",
        WORKFLOWS,
        f"{_MERGED}: ",
        edit(_TESTS, 'npx nx affected -t test || [ "${{ matrix.node }}" = 20 ]'),
    ),
    also={
        "newest-leg-tolerated": _MODEL | {"3.1.C.2"},
        "older-leg-only-shown": _MODEL | {"3.1.C.2"},
    },
)
_REACH = faults(
    "3.1.B.1.4",
    (
        "dependent-excluded",
        "the unit tests of a project that depends on libraries are left out as slow",
        "dependents-run",
        "@reference-shop/web",
        "does not run test of @reference-shop/web",
        edit(_TESTS, "npx nx affected -t test --exclude=@reference-shop/web"),
    ),
    (
        "everything-linted",
        "every project is linted, whatever was changed",
        "others-skipped",
        "@reference-shop/",
        "which does not depend on it",
        edit(r"npx nx affected -t lint$", "npx nx run-many -t lint"),
    ),
    (
        "pull-request-compared-with-itself",
        "on a pull request the base is the commit that is tested",
        "base-and-head",
        WORKFLOWS,
        "on a pull request behind its branch, Nx compares a commit with itself",
        edit(r"base=\$\(git rev-parse 'HEAD\^1'\)", "base=$(git rev-parse HEAD)", _RANGE),
    ),
    (
        "push-of-its-last-commit",
        "on a push only its last commit is looked at",
        "base-and-head",
        WORKFLOWS,
        "on a push of two commits, Nx compares commits that leave out",
        edit(r"base=\$\{PUSH_BEFORE:\?[^}]*\}", "base=$(git rev-parse HEAD^1)", _RANGE),
    ),
    (
        "queue-compared-with-the-branch",
        "an entry of the merge queue is compared with the branch, not with the entry before it",
        "base-and-head",
        WORKFLOWS,
        "on an entry of the merge queue behind another, Nx compares commits that take in",
        edit(r"base=\$\{MERGE_GROUP_BASE:\?[^}]*\}", "base=$(git rev-parse origin/main)", _RANGE),
    ),
    also={
        "dependent-excluded": {"3.1.C.2"},
        "pull-request-compared-with-itself": _RUN,
    },
)
_UNIT = faults(
    "3.1.B.2.1",
    (
        "unit-tests-swallowed",
        "the unit-test step goes on whatever the tests say, and nothing else notices",
        "direct-failure-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_TESTS, "npx nx affected -t test || true"),
    ),
    (
        "dependents-not-tested",
        "the services' unit tests are left out, since their integration tests take long enough",
        "transitive-failure-blocks",
        WORKFLOWS,
        "CI failed elsewhere than where the change is broken: libs/",
        edit(_TESTS, "npx nx affected -t test --exclude=@reference-shop/orders,@reference-shop/catalog"),
    ),
    (
        "no-tests-no-failure",
        "a project without unit tests passes, and no step asks for some",
        "missing-tests-block",
        WORKFLOWS,
        _MERGED,
        _pass_without_tests,
    ),
    also={
        "unit-tests-swallowed": _MODEL | {"3.1.C.1", "3.1.C.2", "3.1.B.1.2"},
        "dependents-not-tested": {"3.1.C.2", "3.1.B.1.4"},
        "no-tests-no-failure": {"3.1.C.2"},
    },
)
_SERVICES = faults(
    "3.1.B.2.2",
    (
        "integration-swallowed",
        "the integration step goes on whatever the tests say",
        "failure-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_INTEGRATION, "npx nx affected -t integration --parallel=1 || true"),
    ),
    (
        "integration-job-not-needed",
        "the required check does not wait for the job with the integration tests",
        "failure-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_NEEDS, "needs: [verify, repository]"),
    ),
    (
        "services-excluded-from-integration",
        "the services are left out of the integration tests",
        "failure-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_INTEGRATION, "npx nx affected -t integration --exclude=@reference-shop/orders,@reference-shop/catalog"),
    ),
    (
        "unit-tests-for-integration-tests",
        "the integration target runs the unit tests, for which no server is needed",
        "real-database",
        WORKFLOWS,
        "no statement on a table reaches CI's PostgreSQL",
        _in_each_service(r"dist-test/integration/\*\.test\.js", "dist-test/test/*.test.js"),
    ),
    (
        "integration-left-out-without-a-database",
        "where no database answers, the integration tests are left out, so that they run on any laptop",
        "real-database",
        WORKFLOWS,
        f"{_MERGED}: apps/",
        _leave_out_without_a_database,
    ),
    also={
        "integration-swallowed": _MODEL | {"3.1.C.2"},
        "integration-job-not-needed": _MODEL | {"3.1.C.2"},
        "services-excluded-from-integration": {"3.1.C.2", "3.1.B.1.4"},
    },
)
_FRONT_ENDS = faults(
    "3.1.B.2.3",
    (
        "builds-not-needed",
        "the required check waits for no job that builds the front ends",
        "break-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_NEEDS, "needs: [integration]"),
    ),
    (
        "builds-judged-by-nobody",
        "the required check prints the results and judges none, so a front end may break",
        "break-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_RESULTS, "          true"),
    ),
    (
        "builds-behind-a-skipped-check",
        "the required check is skipped where a build fails, and GitHub takes that for a pass",
        "break-blocks",
        WORKFLOWS,
        _MERGED,
        edit(_ALWAYS, ""),
    ),
    (
        "front-end-without-scripts",
        "the build of a front end leaves a manifest, and no script with it",
        "built",
        "apps/",
        "leaves no bundle",
        # Of what every front end has: a build that fails would leave the unmodified commit red, and nothing to look at.
        _in_the_front_end(r'"build": "vite build"', '"build": "mkdir -p dist && cp package.json dist/manifest.json"'),
    ),
    (
        "front-end-without-a-build",
        "a front end has no build any more, and what serves it takes what there is",
        "built",
        "apps/",
        "CI does not build",
        _drop_the_build,
    ),
    also={
        "builds-not-needed": _MODEL | _RUN - {"3.1.B.2.3"},
        "builds-judged-by-nobody": _MODEL | _RUN - {"3.1.B.2.3"},
        "builds-behind-a-skipped-check": _MODEL | _RUN - {"3.1.B.2.3"},
    },
)

FAULTS = (*_LEGS, *_REACH, *_UNIT, *_SERVICES, *_FRONT_ENDS)
