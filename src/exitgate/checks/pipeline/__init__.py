"""Rules of the criterion "CI blocks failing changes"."""

from exitgate.checks.pipeline.affected import blind_comparisons
from exitgate.checks.pipeline.aggregates import skippable_checks, unreached_checks
from exitgate.checks.pipeline.blocking import (
    merged_failures,
    misplaced_failures,
    red_controls,
    refused_controls,
    unblocked_failures,
    unlanded_failures,
    unopened_failures,
    unrefused_changes,
)
from exitgate.checks.pipeline.builds import unbuilt_frontends
from exitgate.checks.pipeline.came_in import merges_past_checks, unreported_lately
from exitgate.checks.pipeline.databases import untried_databases
from exitgate.checks.pipeline.dependents import unblocked_dependents
from exitgate.checks.pipeline.in_force import (
    bypasses_in_force,
    foreign_requirements_in_force,
    lax_rules_in_force,
    strayed_exports,
)
from exitgate.checks.pipeline.installs import loose_installs
from exitgate.checks.pipeline.legs import foreign_versions
from exitgate.checks.pipeline.masking import masked_failures, undecided
from exitgate.checks.pipeline.merges import merges_without_result
from exitgate.checks.pipeline.node_versions import uncovered_versions
from exitgate.checks.pipeline.permissions import secrets_for_forks, wide_permissions
from exitgate.checks.pipeline.policy import undeclared_branches, undeclared_required_checks, undeclared_review_rules
from exitgate.checks.pipeline.ranges import foreign_ranges
from exitgate.checks.pipeline.reach import reached_strangers, unreached_dependents
from exitgate.checks.pipeline.required import foreign_requirements, misproduced_checks
from exitgate.checks.pipeline.rules import lax_rulesets, unlimited_bypasses
from exitgate.checks.pipeline.soundness import invalid_workflows, standing_lint, unpinned_uses
from exitgate.checks.pipeline.triggers import misplaced_starts, unreported_checks

__all__ = [
    "blind_comparisons",
    "bypasses_in_force",
    "foreign_ranges",
    "foreign_requirements",
    "foreign_requirements_in_force",
    "foreign_versions",
    "invalid_workflows",
    "lax_rules_in_force",
    "lax_rulesets",
    "loose_installs",
    "masked_failures",
    "merged_failures",
    "merges_past_checks",
    "merges_without_result",
    "misplaced_failures",
    "misplaced_starts",
    "misproduced_checks",
    "reached_strangers",
    "red_controls",
    "refused_controls",
    "secrets_for_forks",
    "skippable_checks",
    "standing_lint",
    "strayed_exports",
    "unblocked_dependents",
    "unblocked_failures",
    "unbuilt_frontends",
    "uncovered_versions",
    "undecided",
    "undeclared_branches",
    "undeclared_required_checks",
    "undeclared_review_rules",
    "unlanded_failures",
    "unlimited_bypasses",
    "unopened_failures",
    "unpinned_uses",
    "unreached_checks",
    "unreached_dependents",
    "unrefused_changes",
    "unreported_checks",
    "unreported_lately",
    "untried_databases",
    "wide_permissions",
]
