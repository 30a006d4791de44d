"""What of an event whoever proposes a change decides, or is decided by who that is: a condition on it lets them choose what runs.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from __future__ import annotations

from collections.abc import Iterable

from exitgate.github.workflow import Workflow

_PULL = "github.event.pull_request"
_CHOSEN = (
    *("github.actor", "github.triggering_actor", "github.event.sender", "github.head_ref"),
    *(f"{_PULL}.{name}" for name in ("title", "body", "user", "labels", "milestone", "author_association")),
    *(f"{_PULL}.head.{name}" for name in ("ref", "label", "user", "repo")),
    *("github.event.label", "github.event.head_commit", "github.event.commits"),
)
_WHOLE = frozenset({"github", "github.event", _PULL, f"{_PULL}.head"})
"""Objects that have such parts: who looks at one as a whole, e.g. by `toJSON`, looks at them."""
_DRAFT = f"{_PULL}.draft"
_READY = "ready_for_review"


def chosen_by_the_author(names: Iterable[str], workflow: Workflow) -> tuple[str, ...]:
    """Return those of the names that a condition hangs on which the author of a change decides, sorted.

    A draft can't be merged, so that it is one excuses a run where the workflow starts anew once it is ready.

    Args:
        names: As expressions name them, e.g. ``github.event.pull_request.title``.
    """
    starts_when_ready = any(
        each.event == "pull_request" and _READY in (each.types or ()) for each in workflow.triggers.values()
    )
    chosen = _CHOSEN if starts_when_ready else (*_CHOSEN, _DRAFT)
    return tuple(
        sorted(
            each
            for each in set(names)
            if each in _WHOLE or any(each == name or each.startswith(f"{name}.") for name in chosen)
        )
    )
