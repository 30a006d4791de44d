"""What the policy gives to try the model on: sample branches and the names of required checks."""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.github.producers import Nameless
from exitgate.policy import PipelinePolicy
from exitgate.policy.pipeline import BranchPolicy


def branches_of(policy: PipelinePolicy) -> BranchPolicy:
    """Return the rules for branches.

    Raises:
        PrerequisiteMissing: if there are none; the control that owns them says so.
    """
    if policy.branches is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [policy.pipeline.branches]",
            expected="sample branches to try the model on",
            action="Add [policy.pipeline.branches].",
            blocked_by="3.1.A.1.1",
        )
    return policy.branches


def required_names(policy: PipelinePolicy) -> tuple[str, ...]:
    """Return the names of the checks that have to succeed.

    Raises:
        PrerequisiteMissing: if there is none; the control that owns them says so.
    """
    if not policy.required_check:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [[policy.pipeline.required_check]]",
            expected="the checks that have to succeed before a merge",
            action="Name them.",
            blocked_by="3.1.A.1.3",
        )
    return tuple(check.name for check in policy.required_check)


def refuse_nameless(required: str, nameless: tuple[Nameless, ...]) -> None:
    """Say that nothing is known of a check, where a job may report it whose checks have no name that can be told.

    Raises:
        PrerequisiteMissing: if there is such a job.
    """
    for each in nameless:
        raise PrerequisiteMissing(
            each.job.place,
            got=f"checks whose names hang on {', '.join(sorted(each.of))}",
            expected=f"names that the files tell, or a job named {required!r}",
            action="Require an aggregate job with a name of its own.",
        )
