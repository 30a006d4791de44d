"""Whether CI tries every Node.js version that is supported."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.checks.pipeline.samples import branches_of
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.engines import allows, newest
from exitgate.github.evaluation import Unknown
from exitgate.github.events import Event
from exitgate.observe.workflow import Workflows, node_versions
from exitgate.observe.workflow.packages import Packages
from exitgate.policy import PipelinePolicy


def uncovered_versions(workflows: Workflows, packages: Packages, policy: PipelinePolicy) -> list[Finding]:
    """Name each supported Node.js version that no leg of a matrix runs, and each that a package's engines refuse.

    Raises:
        PrerequisiteMissing: if no job has a matrix of versions that the files tell.
    """
    event = Event(name="pull_request", branch=branches_of(policy).start_ci[0], action="opened")
    jobs = [(workflow, job) for workflow in workflows.ci for _, job in workflows.jobs(workflow)]
    found: dict[str, list[str]] = {}
    unknown: dict[str, str] = {}
    for workflow, job in jobs:
        for version in node_versions(workflows, workflow, job, event) if job.matrix is not None else ():
            place = job.matrix.place if job.matrix is not None else ""
            if isinstance(version, Unknown):
                unknown[place] = ", ".join(sorted(version.of))
            else:
                found.setdefault(place, []).append(version)
    return [*_uncovered(workflows, found, unknown, policy), *_refused(packages, policy)]


def _uncovered(
    workflows: Workflows, found: dict[str, list[str]], unknown: dict[str, str], policy: PipelinePolicy
) -> Iterator[Finding]:
    # Of several matrices the one that comes closest is the one that is meant.
    place, versions = max(found.items(), key=lambda each: len(_covered(each[1], policy)), default=("", list[str]()))
    missing = [version for version in policy.node_versions if version not in _covered(versions, policy)]
    if missing and unknown:
        at, of = next(iter(unknown.items()))
        raise PrerequisiteMissing(
            at,
            got=f"Node.js versions that hang on {of}",
            expected="versions that the files tell",
            action="Write them into the matrix.",
        )
    for version in missing:
        yield Finding(
            location=place or workflows.place_of_on("pull_request"),
            message=f"no leg of a matrix runs Node.js {version}",
            expected=f"one leg each: {', '.join(policy.node_versions)}",
            got=", ".join(versions) or "no matrix of Node.js versions",
            remedy="Add it to the matrix that sets up Node.js, and let the required check need that job.",
        )


def _covered(versions: list[str], policy: PipelinePolicy) -> set[str]:
    return {wanted for wanted in policy.node_versions if any(_is(version, wanted) for version in versions)}


def _is(version: str, wanted: str) -> bool:
    plain = re.sub(r"(\.[xX*])+$", "", version.removeprefix("v"))
    return plain == wanted or plain.startswith(f"{wanted}.")


def _refused(packages: Packages, policy: PipelinePolicy) -> Iterator[Finding]:
    for place, wanted in packages.engines.items():
        for version in policy.node_versions:
            allowed = allows(wanted, newest(version))
            if allowed is None:
                raise PrerequisiteMissing(
                    place, got=f"engines {wanted!r}", expected="a range of versions", action="Write it as npm does."
                )
            if not allowed:
                yield Finding(
                    location=place,
                    message=f"engines refuse Node.js {version}, which the policy supports",
                    expected=f"a range with {version}",
                    got=wanted,
                    remedy="Widen engines, or take the version from node_versions and from the matrix.",
                )
