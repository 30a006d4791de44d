"""Criterion 1 of gate 3: CI blocks failing changes. Task 3.1 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import (
    blind_comparisons,
    bypasses_in_force,
    foreign_ranges,
    foreign_requirements,
    foreign_requirements_in_force,
    foreign_versions,
    invalid_workflows,
    lax_rules_in_force,
    lax_rulesets,
    loose_installs,
    masked_failures,
    merges_past_checks,
    merges_without_result,
    misplaced_starts,
    misproduced_checks,
    reached_strangers,
    red_controls,
    refused_controls,
    secrets_for_forks,
    skippable_checks,
    standing_lint,
    strayed_exports,
    unblocked_dependents,
    unblocked_failures,
    unbuilt_frontends,
    uncovered_versions,
    undeclared_branches,
    undeclared_required_checks,
    undeclared_review_rules,
    unlanded_failures,
    unlimited_bypasses,
    unopened_failures,
    unpinned_uses,
    unreached_checks,
    unreached_dependents,
    unrefused_changes,
    unreported_checks,
    unreported_lately,
    untried_databases,
    wide_permissions,
)
from exitgate.faults.pipeline.mutants import SAYS_LIBRARY
from exitgate.observe.live_repository import LiveMerges, LiveReports, LiveRules
from exitgate.observe.merging import MergeTrials
from exitgate.observe.verification import Verification
from exitgate.observe.workflow import PipelineModel, Rulesets, Workflows
from exitgate.observe.workflow.linters import Lint
from exitgate.observe.workflow.packages import Packages
from exitgate.observe.workflow_run import (
    ChangeTrials,
    ComparedRanges,
    DatabaseTrials,
    FrontendBuild,
    NodeTrials,
    Reach,
)
from exitgate.policy import PipelinePolicy
from exitgate.target import Target

pytest_plugins = (
    "exitgate.fixtures.pipeline",
    "exitgate.fixtures.live_repository",
    "exitgate.fixtures.verification",
    "exitgate.fixtures.workflow_run",
)

# ---- 3.1.A.1.1 Branches that start CI


@pytest.mark.check("3.1.A.1.1", "policy-declared")
def test_the_branches_that_start_ci_are_declared(target: Target) -> None:
    """The target's rules name the protected branches, with samples that start CI and samples that do not."""
    assert undeclared_branches(target) == []


@pytest.mark.check("3.1.A.1.1", "branches-trigger")
def test_ci_starts_on_every_protected_branch_and_no_other(
    pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy
) -> None:
    """By GitHub's filter rules, pushes and pull requests start CI on every branch that the policy expects, and on no other."""
    assert misplaced_starts(pipeline_model, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.1", "checks-reported")
def test_no_filter_leaves_a_required_check_unreported(
    pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy
) -> None:
    """Whatever a change touches and however its pull request came about, each required check is reported on it."""
    assert unreported_checks(pipeline_model, pipeline_policy) == []


# ---- 3.1.A.1.2 Rules for pull requests


@pytest.mark.check("3.1.A.1.2", "policy-declared")
def test_what_a_pull_request_needs_is_declared(target: Target) -> None:
    """The target's rules say what a pull request needs, and refuse force-pushes and deletions of protected branches."""
    assert undeclared_review_rules(target) == []


@pytest.mark.check("3.1.A.1.2", "ruleset-conforms")
def test_rulesets_are_as_strict_as_the_policy(pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy) -> None:
    """On every protected branch, the active rulesets add up to rules at least as strict as the policy."""
    assert lax_rulesets(pipeline_model, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.2", "bypass-limited")
def test_nobody_gets_round_the_rules(rulesets: Rulesets, pipeline_policy: PipelinePolicy) -> None:
    """The exported rulesets let nobody round them but the actors that the policy names."""
    assert unlimited_bypasses(rulesets, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.2", "rules-in-force")
def test_the_rules_in_force_are_as_strict_as_the_policy(
    live_rules: LiveRules, pipeline_policy: PipelinePolicy, target: Target
) -> None:
    """On every sample branch, the rules that GitHub says are in force are at least as strict as the policy."""
    assert lax_rules_in_force(live_rules, pipeline_policy, target.configuration.pipeline.default_branch) == []


@pytest.mark.check("3.1.A.1.2", "bypass-in-force")
def test_nobody_gets_round_the_rules_in_force(live_rules: LiveRules, pipeline_policy: PipelinePolicy) -> None:
    """The rules that GitHub says are in force let nobody round them but the actors that the policy names."""
    assert bypasses_in_force(live_rules, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.2", "export-current")
def test_what_was_exported_is_in_force(live_rules: LiveRules) -> None:
    """Every exported rule of a sample branch is in force on GitHub as it was exported."""
    assert strayed_exports(live_rules) == []


# ---- 3.1.A.1.3 Checks required for merge


@pytest.mark.check("3.1.A.1.3", "policy-declared")
def test_required_checks_are_declared(target: Target) -> None:
    """The target's rules name the checks that have to succeed before a merge."""
    assert undeclared_required_checks(target) == []


@pytest.mark.check("3.1.A.1.3", "ruleset-requires")
def test_rulesets_require_the_same_checks(rulesets: Rulesets, pipeline_policy: PipelinePolicy, target: Target) -> None:
    """The exported rulesets require exactly the checks that the policy names, each of its one application."""
    assert foreign_requirements(rulesets, pipeline_policy, target.configuration.pipeline.default_branch) == []


@pytest.mark.check("3.1.A.1.3", "one-producer")
def test_one_job_reports_each_required_check(pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy) -> None:
    """On every event of a pull request, and of the merge queue where there is one, one job reports each required check."""
    assert misproduced_checks(pipeline_model, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.3", "never-skipped")
def test_no_required_check_can_be_skipped(pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy) -> None:
    """Neither a condition nor how another job ends can skip a job that reports a required check."""
    assert skippable_checks(pipeline_model, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.3", "failures-reach")
def test_every_failing_job_fails_a_required_check(
    pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy
) -> None:
    """Each job of the workflow that fails, or is cancelled, makes a required check fail."""
    assert unreached_checks(pipeline_model, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.3", "required-in-force")
def test_github_requires_the_same_checks(live_rules: LiveRules, pipeline_policy: PipelinePolicy) -> None:
    """On every sample branch, GitHub requires exactly the checks that the policy names, each of its one application."""
    assert foreign_requirements_in_force(live_rules, pipeline_policy) == []


@pytest.mark.check("3.1.A.1.3", "reported-lately")
def test_required_checks_are_reported(live_reports: LiveReports, pipeline_policy: PipelinePolicy) -> None:
    """Each required check was reported by its application on the default branch lately, and its last run was a success."""
    assert unreported_lately(live_reports, pipeline_policy) == []


# ---- 3.1.B.1.1 A sound CI workflow


@pytest.mark.check("3.1.B.1.1", "workflow-valid")
def test_github_runs_the_workflow(
    workflow_files: Workflows, workflow_lint: Lint, pipeline_policy: PipelinePolicy
) -> None:
    """The workflows that validate changes are there, GitHub would run them, and actionlint reports no error in them."""
    assert invalid_workflows(workflow_files, workflow_lint, pipeline_policy) == []


@pytest.mark.check("3.1.B.1.1", "security-lint")
def test_zizmor_has_nothing_against_the_workflows(security_lint: Lint, pipeline_policy: PipelinePolicy) -> None:
    """Zizmor finds nothing at the policy's severity or above, but for what the policy accepts by name."""
    assert standing_lint(security_lint, pipeline_policy) == []


@pytest.mark.check("3.1.B.1.1", "actions-pinned")
def test_everything_that_workflows_use_is_pinned(workflows: Workflows) -> None:
    """Every action and reusable workflow of others is pinned to a commit, and every image to a digest."""
    assert unpinned_uses(workflows) == []


@pytest.mark.check("3.1.B.1.1", "least-permissions")
def test_tokens_may_do_no_more_than_the_policy_allows(workflows: Workflows, pipeline_policy: PipelinePolicy) -> None:
    """What each job's token may do is written down, and no more than the policy allows."""
    assert wide_permissions(workflows, pipeline_policy) == []


@pytest.mark.check("3.1.B.1.1", "forks-get-no-secrets")
def test_a_fork_reaches_no_secret(pipeline_model: PipelineModel, pipeline_policy: PipelinePolicy) -> None:
    """No job that a fork's pull request can start runs with secrets, or with a token that can write."""
    assert secrets_for_forks(pipeline_model, pipeline_policy) == []


# ---- 3.1.B.1.2 Matrix of Node versions


@pytest.mark.check("3.1.B.1.2", "matrix-covers")
def test_the_matrix_has_every_supported_node_version(
    workflows: Workflows, packages: Packages, pipeline_policy: PipelinePolicy
) -> None:
    """The matrix has a leg for each Node.js version that the policy supports, and every package's engines allow it."""
    assert uncovered_versions(workflows, packages, pipeline_policy) == []


@pytest.mark.check("3.1.B.1.2", "legs-run")
def test_each_leg_runs_its_tests_under_its_own_node(node_legs: NodeTrials) -> None:
    """A test that says its process's version is run anew in each leg of the matrix, under the leg's own Node.js."""
    assert foreign_versions(node_legs) == []


@pytest.mark.check("3.1.B.1.2", "one-leg-blocks")
def test_a_failure_on_one_version_blocks(failing_on_one_version: ChangeTrials) -> None:
    """A unit test that fails on one Node.js version alone fails the required check at the unit-test step, whichever it is."""
    assert unblocked_failures(failing_on_one_version) == []


# ---- 3.1.B.1.3 Installation from the lockfile only


@pytest.mark.check("3.1.B.1.3", "frozen-install")
def test_installs_keep_to_the_lockfile(workflows: Workflows, packages: Packages, target: Target) -> None:
    """The lockfile is committed, and every install of the workflow refuses to change it."""
    assert loose_installs(workflows, packages, target.configuration.pipeline) == []


@pytest.mark.check("3.1.B.1.3", "drift-blocks")
def test_ci_keeps_out_a_lockfile_that_disagrees(drifted_lockfile: ChangeTrials) -> None:
    """A package.json that disagrees with its lockfile fails the required check at the install step, and is not merged."""
    assert unblocked_failures(drifted_lockfile) == []


# ---- 3.1.B.1.4 Nx affected graph in use


@pytest.mark.check("3.1.B.1.4", "dependents-run")
def test_a_library_change_runs_its_dependents(library_change: Reach) -> None:
    """A change in a library runs the tasks of that library and of every project that depends on it, directly or not."""
    assert unreached_dependents(library_change) == []


@pytest.mark.check("3.1.B.1.4", "others-skipped")
def test_a_library_change_runs_no_others(library_change: Reach) -> None:
    """The same change runs no tests, lint or checks of a project that does not depend on the library."""
    assert reached_strangers(library_change) == []


@pytest.mark.check("3.1.B.1.4", "base-and-head")
def test_nx_compares_what_encloses_the_change(ranges: ComparedRanges) -> None:
    """On a push, a pull request and an entry of the merge queue Nx compares commits of the checkout that enclose the change."""
    assert foreign_ranges(ranges) == []


@pytest.mark.check("3.1.B.1.4", "history-present")
def test_nx_can_compare(workflows: Workflows) -> None:
    """Each job that runs affected tasks has the whole history, and names no base that an event may lack."""
    assert blind_comparisons(workflows) == []


# ---- 3.1.B.2.1 Unit tests of affected projects


@pytest.mark.check("3.1.B.2.1", "direct-failure-blocks")
def test_a_failing_unit_test_is_kept_out(failing_change: ChangeTrials) -> None:
    """A unit test that fails in a project touched by the change fails the required check at the unit-test step."""
    assert unblocked_failures(failing_change) == []


@pytest.mark.check("3.1.B.2.1", "transitive-failure-blocks")
def test_a_library_that_breaks_its_dependents_is_kept_out(
    broken_dependents: ChangeTrials, users_of_a_library: tuple[str, tuple[str, ...]]
) -> None:
    """A library change that breaks unit tests of untouched dependents fails the required check at the unit-test step."""
    assert unblocked_dependents(broken_dependents, users_of_a_library[1], SAYS_LIBRARY) == []


@pytest.mark.check("3.1.B.2.1", "missing-tests-block")
def test_missing_unit_tests_are_kept_out(missing_tests: ChangeTrials) -> None:
    """Deleting the unit tests of an affected project fails the required check, and so does adding one without any."""
    assert unblocked_failures(missing_tests) == []


# ---- 3.1.B.2.2 Integration tests of affected services


@pytest.mark.check("3.1.B.2.2", "failure-blocks")
def test_a_failing_integration_test_is_kept_out(failing_integration: ChangeTrials) -> None:
    """A failing integration test of the service fails the required check at the integration step."""
    assert unblocked_failures(failing_integration) == []


@pytest.mark.check("3.1.B.2.2", "real-database")
def test_integration_tests_need_a_real_database(database_trials: DatabaseTrials) -> None:
    """The service's integration tests read or write rows of CI's PostgreSQL, and fail the required check where nobody listens."""
    assert untried_databases(database_trials) == []


# ---- 3.1.B.2.3 Builds of the shell and every micro-frontend


@pytest.mark.check("3.1.B.2.3", "built")
def test_ci_builds_the_front_end(built_frontend: FrontendBuild) -> None:
    """On a change that touches every project, a job of the workflow leaves the front end's bundle, which nobody committed."""
    assert unbuilt_frontends(built_frontend) == []


@pytest.mark.check("3.1.B.2.3", "break-blocks")
def test_a_broken_front_end_is_kept_out(broken_frontend: ChangeTrials) -> None:
    """An import of nothing in the front end's source fails the required check at the build step, or where types are checked."""
    assert unblocked_failures(broken_frontend) == []


# ---- 3.1.C.1 A pull request that fails on purpose


@pytest.mark.check("3.1.C.1", "baseline-passes")
def test_the_unmodified_commit_passes(baseline: ChangeTrials) -> None:
    """A change that touches every project of the target and breaks none passes every required check in a clean clone."""
    assert red_controls(baseline) == []


@pytest.mark.check("3.1.C.1", "failure-opened")
def test_a_deliberate_failure_is_opened(failing_change: ChangeTrials) -> None:
    """A branch with one deliberate failure is opened as a pull request into a protected branch of a throwaway forge."""
    assert unopened_failures(failing_change) == []


@pytest.mark.check("3.1.C.1", "failure-lands")
def test_the_deliberate_failure_fails_at_its_own_step(failing_change: ChangeTrials) -> None:
    """On the merge commit of that pull request the workflow fails at the step that the failure aims at, and at none before."""
    assert unlanded_failures(failing_change) == []


# ---- 3.1.C.2 CI blocks the failing merge


@pytest.mark.check("3.1.C.2", "no-masking")
def test_no_known_way_hides_a_failure(decided_verification: Verification) -> None:
    """None of the known ways to hide a failure is present where the workflows verify a change, or in what they run."""
    assert masked_failures(decided_verification) == []


@pytest.mark.check("3.1.C.2", "merge-refused")
def test_the_failing_pull_request_is_not_merged(failing_change: ChangeTrials, mistyped_change: ChangeTrials) -> None:
    """The forge refuses the pull request that fails on purpose, and one with a type error; the protected branch stays as it was."""
    assert unrefused_changes(failing_change, mistyped_change) == []


@pytest.mark.check("3.1.C.2", "every-step-blocks")
def test_every_command_that_verifies_blocks(injected_failures: ChangeTrials) -> None:
    """Each command of the workflow that verifies a change, made to fail alone, fails the required check at its own step."""
    assert unblocked_failures(injected_failures) == []


@pytest.mark.check("3.1.C.2", "absent-result-blocks")
def test_without_a_good_result_nothing_is_merged(merge_trials: MergeTrials) -> None:
    """The forge refuses a merge while a required check is missing, pending, cancelled or failed."""
    assert merges_without_result(merge_trials) == []


@pytest.mark.check("3.1.C.2", "merges-clean")
def test_nothing_came_in_past_a_required_check(live_merges: LiveMerges, pipeline_policy: PipelinePolicy) -> None:
    """What came into protected branches lately came by pull requests on which every required check had succeeded."""
    assert merges_past_checks(live_merges, pipeline_policy) == []


# ---- 3.1.C.3 The fixed pull request merges


@pytest.mark.check("3.1.C.3", "fix-passes")
def test_the_mended_branch_passes(mended_change: ChangeTrials) -> None:
    """After a commit that takes the deliberate failure back, the same branch passes every required check."""
    assert red_controls(mended_change) == []


@pytest.mark.check("3.1.C.3", "fix-merges")
def test_the_mended_branch_is_merged(mended_change: ChangeTrials) -> None:
    """With all rules in force, the forge takes the mended branch, and the protected branch contains it afterwards."""
    assert refused_controls(mended_change) == []
