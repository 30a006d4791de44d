"""Events, and which workflows GitHub starts for one.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exitgate.github.evaluation import Contexts, Object, Unknown, Value
from exitgate.github.filters import any_path_passes, every_path_is_ignored, passes
from exitgate.github.workflow import PULL_REQUEST_EVENTS, Pattern, Trigger, Workflow

_DEFAULT_TYPES = {
    "pull_request": ("opened", "synchronize", "reopened"),
    "pull_request_target": ("opened", "synchronize", "reopened"),
    "merge_group": ("checks_requested",),
}
NEW_COMMITS = ("opened", "synchronize", "reopened")
"""What happens to a pull request that gives it a head that no check has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens on a branch."""

    name: str
    """As under ``on:``, e.g. ``pull_request``."""
    branch: str
    """That is pushed to, or that the change is to be merged into."""
    action: str = ""
    """Its activity type, e.g. ``opened``."""
    paths: tuple[str, ...] | None = None
    """Files that the change touches; nothing where any may be."""
    fork: bool | None = None
    """Whether a pull request comes from a fork; nothing where either may be."""
    repository: str = ""
    """``owner/name``, where that is known."""

    def __str__(self) -> str:
        match self.name:
            case "push":
                return f"a push to {self.branch}"
            case "merge_group":
                return f"a merge queue entry for {self.branch}"
            case _:
                return f"a pull request into {self.branch} ({self.action or self.name})"


def starts(workflow: Workflow, event: Event) -> bool:
    """Whether an event starts a workflow. Where any file may be touched, path filters let it through."""
    trigger = workflow.triggers.get(event.name)
    return trigger is not None and not turned_away(trigger, event)


def turned_away(trigger: Trigger, event: Event) -> str:
    """Return the place of the filter that keeps an event from starting a workflow; empty where none does."""
    types = trigger.types or _DEFAULT_TYPES.get(trigger.event)
    if event.action and types is not None and event.action not in types:
        return trigger.place
    return _by_branch(trigger, event.branch) or (_by_paths(trigger, event.paths) if event.paths is not None else "")


def filters_paths(trigger: Trigger) -> bool:
    """Whether what a change touches decides."""
    return trigger.event != "merge_group" and (trigger.paths is not None or trigger.paths_ignore is not None)


def _by_branch(trigger: Trigger, branch: str) -> str:
    only_tags = trigger.tags is not None or trigger.tags_ignore is not None
    if trigger.branches is not None:
        return "" if passes(_texts(trigger.branches), branch) else _place(trigger.branches, trigger)
    if trigger.branches_ignore is not None:
        return _place(trigger.branches_ignore, trigger) if passes(_texts(trigger.branches_ignore), branch) else ""
    return trigger.place if only_tags and trigger.event == "push" else ""


def _by_paths(trigger: Trigger, paths: tuple[str, ...]) -> str:
    if trigger.event == "merge_group":
        return ""
    if trigger.paths is not None and not any_path_passes(_texts(trigger.paths), paths):
        return _place(trigger.paths, trigger)
    if trigger.paths_ignore is not None and every_path_is_ignored(_texts(trigger.paths_ignore), paths):
        return _place(trigger.paths_ignore, trigger)
    return ""


def _texts(patterns: Sequence[Pattern]) -> list[str]:
    return [each.text for each in patterns]


def _place(patterns: Sequence[Pattern], trigger: Trigger) -> str:
    return patterns[0].place if patterns else trigger.place


def contexts_of(event: Event, workflow: Workflow) -> Contexts:
    """Return what expressions of a workflow see of an event; what only GitHub knows stays unknown."""
    pull = event.name in PULL_REQUEST_EVENTS
    branch = f"refs/heads/{event.branch}"
    known: dict[str, Value] = {
        "event_name": event.name,
        "workflow": workflow.name or workflow.path,
        "base_ref": event.branch if pull else "",
        "event": _payload(event, pull=pull, branch=branch),
        "ref_protected": Unknown(frozenset({"github.ref_protected"})),
    }
    match event.name:
        case "push" | "pull_request_target":
            known |= {"ref": branch, "ref_name": event.branch, "ref_type": "branch"}
        case "pull_request":
            # refs/pull/N/merge: its number is not known, that it is no branch's is.
            known |= {"ref_type": "branch"}
    if event.name == "push":
        known["head_ref"] = ""
    if event.repository:
        owner, _, _ = event.repository.partition("/")
        known |= {"repository": event.repository, "repository_owner": owner}
    return Contexts(values={"github": Object(known, path="github"), "inputs": Object({})})


def _payload(event: Event, *, pull: bool, branch: str) -> Object:
    known: dict[str, Value] = {"pull_request": None, "merge_group": None, "inputs": None}
    if event.action:
        known["action"] = event.action
    if pull:
        fork: Value = (
            event.fork if event.fork is not None else Unknown(frozenset({"github.event.pull_request.head.repo.fork"}))
        )
        head = "github.event.pull_request.head"
        repo: dict[str, Value] = {"fork": fork}
        if event.fork is False and event.repository:
            repo["full_name"] = event.repository
        known["pull_request"] = Object(
            {
                "base": Object({"ref": event.branch}, path="github.event.pull_request.base"),
                "head": Object({"repo": Object(repo, path=f"{head}.repo")}, path=head),
                "merged": False,
                "state": "open",
            },
            path="github.event.pull_request",
        )
    if event.name == "merge_group":
        known["merge_group"] = Object({"base_ref": branch}, path="github.event.merge_group")
    return Object(known, path="github.event")
