"""``[policy.pipeline]``: what CI has to do before a change may be merged (task 3.1)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from exitgate.policy.rule import Flag, Rule, Text, contradiction, refuse_doubles

_Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
_BranchPattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9*][A-Za-z0-9._/*?!\[\]+-]*$")]
_NodeVersion = Annotated[str, Field(pattern=r"^\d+(\.\d+){0,2}$")]
_Permission = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
LintSeverity = Literal["informational", "low", "medium", "high"]


class BranchPolicy(Rule):
    """``[policy.pipeline.branches]``: where changes are kept out until CI has passed (3.1.A.1.1)."""

    protected: Annotated[tuple[_BranchPattern, ...], Field(min_length=1)]
    """Patterns as GitHub's branch filters read them: ``*`` ends at a slash, ``**`` does not."""
    start_ci: Annotated[tuple[_Branch, ...], Field(min_length=1)]
    """Samples: a push to one, and a pull request into one, starts CI. Filters are evaluated on them, not compared as text."""
    ignored: tuple[_Branch, ...] = ()
    """Sample branches on which neither starts CI."""

    @model_validator(mode="after")
    def _no_sample_twice(self) -> Self:
        refuse_doubles(self.protected, "protected")
        refuse_doubles(self.start_ci, "start_ci")
        for branch in self.ignored:
            if branch in self.start_ci:
                raise contradiction(f"{branch!r} starts CI and is ignored", "one of the two", "ignored")
        return self


class PullRequestPolicy(Rule):
    """``[policy.pipeline.pull_requests]``: the least that branch rules ask of one (3.1.A.1.2).

    Each is a rule of a GitHub ruleset, or a parameter of one.
    """

    approvals: Annotated[int, Field(strict=True, ge=0, le=10)]
    """How many people have to approve."""
    code_owners_approve: Flag
    """Whether one of them has to own the files that change, by CODEOWNERS."""
    stale_approvals_dismissed: Flag
    """Whether a new commit takes earlier approvals back: else code gets in that nobody saw."""
    last_push_approved_by_another: Flag
    """Whether somebody other than the last one to push has to approve."""
    up_to_date: Flag
    """Whether checks have to pass on top of the branch's newest commit. Two changes can be right alone and wrong together."""
    force_pushes_refused: Flag
    """Whether the history of a protected branch is final."""
    deletions_refused: Flag
    """Whether a protected branch stays."""

    @model_validator(mode="after")
    def _approvals_need_approvers(self) -> Self:
        for key in ("code_owners_approve", "last_push_approved_by_another"):
            if self.approvals == 0 and getattr(self, key):
                raise contradiction(f"{key} with approvals = 0", "at least one approval, or not to ask whose", key)
        return self


class RequiredCheck(Rule):
    """``[[policy.pipeline.required_check]]``: a check that has to succeed before a merge (3.1.A.1.3)."""

    name: Text
    """As GitHub shows it: the job's name, matrix values included."""
    app_id: Annotated[int, Field(strict=True, ge=1)] = 15368
    """The GitHub App that alone may report it, so that nobody's token can report success in its place. 15368 is GitHub Actions."""


class BypassActor(Rule):
    """``[[policy.pipeline.bypass]]``: who may get round the branch rules (3.1.A.1.2). Best is nobody."""

    type: Literal["RepositoryRole", "Team", "Integration", "OrganizationAdmin", "DeployKey"]
    """GitHub's kind of actor."""
    id: Annotated[int, Field(strict=True, ge=1)]
    """GitHub's number of it."""
    reason: Text


class AcceptedLint(Rule):
    """``[[policy.pipeline.accepted_lint]]``: a finding of zizmor that was looked at and left (3.1.B.1.1)."""

    audit: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    """zizmor's name of the rule, e.g. ``cache-poisoning``."""
    file: Text
    """The workflow, from the root of the target."""
    reason: Text


class OptionalJob(Rule):
    """``[[policy.pipeline.optional_job]]``: a job of a workflow that validates changes, whose failure may pass (3.1.A.1.3)."""

    workflow: Text
    """Its file, from the root of the target."""
    job: Text
    """Its id."""
    reason: Text


class PipelinePolicy(Rule):
    """``[policy.pipeline]``: what CI has to do before a change may be merged."""

    node_versions: Annotated[tuple[_NodeVersion, ...], Field(min_length=1)]
    """The Node.js versions that are supported, one leg of the matrix each (3.1.B.1.2), e.g. ``["20", "22"]``."""
    merge_queue: Flag
    """Whether changes are merged by GitHub's queue; CI then runs on its events as well (3.1.A.1.2)."""
    lint_severity: LintSeverity
    """The mildest finding of zizmor that fails the gate (3.1.B.1.1)."""
    token_permissions: dict[str, dict[_Permission, Literal["read", "write"]]] = Field(default={})
    """Workflow file to what the token of its jobs may do at most (3.1.B.1.1). What is not listed is nothing."""
    branches: BranchPolicy | None = None
    pull_requests: PullRequestPolicy | None = None
    required_check: tuple[RequiredCheck, ...] = ()
    bypass: tuple[BypassActor, ...] = ()
    accepted_lint: tuple[AcceptedLint, ...] = ()
    optional_job: tuple[OptionalJob, ...] = ()
    runner_labels: tuple[Text, ...] = ()
    """Labels of runners of one's own, which GitHub does not know (3.1.B.1.1)."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_doubles(self.node_versions, "node_versions")
        refuse_doubles((check.name for check in self.required_check), "required_check")
        refuse_doubles(((actor.type, actor.id) for actor in self.bypass), "bypass")
        return self
