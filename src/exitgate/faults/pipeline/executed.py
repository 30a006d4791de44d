"""Faults of 3.1.B.1.3, 3.1.C.1, 3.1.C.2 and 3.1.C.3 that only a run shows: CI that lets broken changes in, and sound ones not."""

from __future__ import annotations

from exitgate.faults.fault import FaultSite
from exitgate.faults.pipeline.edits import WORKFLOWS, edit, edit_ruleset, faults, rule, without

_MODEL = {"3.1.A.1.3", "3.1.B.1.1"}
_RULES = {"3.1.A.1.1", "3.1.A.1.2", "3.1.A.1.3"}
_RESULTS = r'^          \[\[ "\$RESULTS" =~ .*$'
_ALWAYS = r"^    if: always\(\)\n"
_TESTS = r"npx nx affected -t test$"
_INSTALL = r"npm ci --ignore-scripts$"
_SECRETS = r"^        run: \.github/scripts/scan-added-lines$"
_MERGED = "a change was merged though it breaks something"


def _delete_script(site: FaultSite) -> None:
    (site.root / ".github/scripts/affected-range").unlink()


_DRIFT = faults(
    "3.1.B.1.3",
    (
        "drift-goes-on",
        "an install that fails is gone on from",
        "drift-blocks",
        WORKFLOWS,
        "CI failed elsewhere than where the change is broken: package.json asks",
        edit(_INSTALL, "npm ci --ignore-scripts || true", count=0),
    ),
    (
        "drift-with-a-blind-aggregate",
        "the required check prints the results and judges none, so a lockfile may drift",
        "drift-blocks",
        WORKFLOWS,
        f"{_MERGED}: package.json asks",
        edit(_RESULTS, "          true"),
    ),
    (
        "drift-with-a-skipped-aggregate",
        "the required check is skipped where an install fails, and GitHub takes that for a pass",
        "drift-blocks",
        WORKFLOWS,
        f"{_MERGED}: package.json asks",
        edit(_ALWAYS, ""),
    ),
    also={
        "drift-goes-on": _MODEL | {"3.1.C.2"},
        "drift-with-a-blind-aggregate": _MODEL | {"3.1.C.2"},
        "drift-with-a-skipped-aggregate": _MODEL | {"3.1.C.2"},
    },
)
_ON_PURPOSE = faults(
    "3.1.C.1",
    (
        "script-deleted",
        "a script that CI runs was deleted: nothing passes any more",
        "baseline-passes",
        WORKFLOWS,
        "does not pass the required check",
        _delete_script,
    ),
    (
        "no-active-rules",
        "the ruleset is only evaluated, so that the branch of the trial has no rules",
        "failure-opened",
        "main",
        "no active ruleset holds for the branch",
        edit_ruleset(lambda data: data.update(enforcement="evaluate")),
    ),
    (
        "test-step-swallows",
        "the unit-test step goes on whatever the tests say",
        "failure-lands",
        WORKFLOWS,
        "the step that has to notice it does not fail first",
        edit(_TESTS, "npx nx affected -t test || true"),
    ),
    also={
        "script-deleted": {"3.1.B.1.4", "3.1.C.2", "3.1.C.3"},
        "no-active-rules": _RULES | {"3.1.C.2"},
        "test-step-swallows": _MODEL | {"3.1.C.2"},
    },
)
_REFUSED = faults(
    "3.1.C.2",
    (
        "job-missing-from-needs",
        "the required check does not wait for the job with the unit tests",
        "merge-refused",
        WORKFLOWS,
        _MERGED,
        edit(r"needs: \[verify, ", "needs: ["),
    ),
    (
        "blind-aggregate",
        "the required check prints the results and judges none",
        "merge-refused",
        WORKFLOWS,
        _MERGED,
        edit(_RESULTS, "          true"),
    ),
    (
        "integration-in-the-background",
        "the integration tests run in the background, and the step ends before they do",
        "every-step-blocks",
        WORKFLOWS,
        f"{_MERGED}: `npx nx affected -t integration",
        edit(
            r"run: npx nx affected -t integration --parallel=1$", "run: npx nx affected -t integration --parallel=1 &"
        ),
    ),
    (
        "nothing-required",
        "no check is required any more",
        "absent-result-blocks",
        "main",
        "a change was merged while the required check 'ci' was",
        without("required_status_checks"),
    ),
    also={
        "job-missing-from-needs": _MODEL | {"3.1.C.1"},
        "blind-aggregate": _MODEL | {"3.1.C.1"},
        "integration-in-the-background": _MODEL,
        "nothing-required": _RULES,
    },
)
_MENDED = faults(
    "3.1.C.3",
    (
        "few-commits-alone",
        "a step refuses branches of more than two commits, so nothing can be mended",
        "fix-passes",
        WORKFLOWS,
        "the same branch, mended does not pass the required check",
        edit(_SECRETS, '        run: test "$(git rev-list --count HEAD^1..HEAD^2)" -le 2'),
    ),
    (
        "reverts-refused",
        "a step refuses a commit that takes another one back",
        "fix-passes",
        WORKFLOWS,
        "the same branch, mended does not pass the required check",
        edit(_SECRETS, "        run: if git log -1 --format=%s HEAD^2 | grep -q ^Revert; then exit 1; fi"),
    ),
    (
        "check-that-nobody-reports",
        "a required check was renamed in the workflow and not in the ruleset",
        "fix-merges",
        "main",
        "is refused though every required check passed",
        edit_ruleset(
            lambda data: rule(data, "required_status_checks")["required_status_checks"].append(
                {"context": "build", "integration_id": 15368}
            )
        ),
    ),
    also={
        "few-commits-alone": {"3.1.C.2"},
        "reverts-refused": {"3.1.C.2"},
        "check-that-nobody-reports": _RULES | {"3.1.C.2"},
    },
)

FAULTS = (*_DRIFT, *_ON_PURPOSE, *_REFUSED, *_MENDED)
