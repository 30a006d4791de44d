"""What GitHub would tell a workflow of the event that started it, as far as workflows ask for it to find what was changed.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import json

from exitgate.github.events import Event

_REPOSITORY = "exitgate/throwaway"


def payload_of(event: Event, *, base: str, head: str, merge: str, number: int = 1) -> str:
    """Return an event's payload as JSON.

    Args:
        base: The commit that the change starts from.
        head: Its newest commit.
        merge: What merging it makes: the commit that is checked out.
    """
    owner, _, name = (event.repository or _REPOSITORY).partition("/")
    repository = {
        "full_name": f"{owner}/{name}",
        "name": name,
        "owner": {"login": owner},
        "default_branch": event.branch,
    }
    payload: dict[str, object] = {"repository": repository}
    if event.action:
        payload["action"] = event.action
    match event.name:
        case "push":
            payload |= {"ref": f"refs/heads/{event.branch}", "before": base, "after": merge, "forced": False}
        case "merge_group":
            queue = f"refs/heads/gh-readonly-queue/{event.branch}/pr-{number}-{base}"
            payload["merge_group"] = {
                "base_ref": f"refs/heads/{event.branch}",
                "base_sha": base,
                "head_ref": queue,
                "head_sha": merge,
            }
        case _:
            side = {"full_name": repository["full_name"], "fork": bool(event.fork)}
            payload["number"] = number
            payload["pull_request"] = {
                "number": number,
                "title": "A change",
                "draft": False,
                "merged": False,
                "state": "open",
                "user": {"login": owner},
                "labels": [],
                "merge_commit_sha": merge,
                "base": {"ref": event.branch, "sha": base, "repo": side},
                "head": {"ref": f"change-{number}", "sha": head, "repo": side},
            }
    return json.dumps(payload, indent=1)
