"""Rules on what moves production's traffic: by which jobs a version gets there, each of which has to ask the lock first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from exitgate.policy.rule import Rule, Text, refuse_doubles


class NamedJob(Rule):
    """A job of a workflow."""

    workflow: Text
    """The file's path, e.g. ``.github/workflows/deploy.yml``."""
    job: Text
    """Its id in that file."""


class ReleasePath(NamedJob):
    """``[[policy.release.path]]``: a job that brings a version to production."""

    steps: tuple[Text, ...] = ()
    """Names of steps that move traffic by a program that exitgate does not know."""


class HarmlessJob(NamedJob):
    """``[[policy.release.elsewhere]]``: a job that looks as if it brought a version to production, and does not."""

    reason: Text


class ReleasePolicy(Rule):
    """``[policy.release]``: the paths to production, all of them."""

    path: Annotated[tuple[ReleasePath, ...], Field(min_length=1)]
    elsewhere: tuple[HarmlessJob, ...] = ()

    @model_validator(mode="after")
    def _each_job_once(self) -> ReleasePolicy:
        named: tuple[NamedJob, ...] = (*self.path, *self.elsewhere)
        refuse_doubles([f"{each.job} of {each.workflow}" for each in named])
        return self
