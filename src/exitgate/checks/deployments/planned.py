"""Planned values beside those that the rules name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exitgate.finding import Finding


def differences(rows: Iterable[tuple[str, str, object, object]]) -> Iterator[Finding]:
    """Yield a finding for each value that is not written out, or is another one.

    Args:
        rows: Where it stands, what it is called, what is planned, what the rules say.
    """
    for location, name, planned, wanted in rows:
        if planned == wanted:
            continue
        absent = planned is None or planned == ""
        yield Finding(
            location=location,
            message=f"the {name} is not written out" if absent else f"the {name} is not that of the rules",
            expected=str(wanted),
            got="nothing: a default decides" if absent else str(planned),
            remedy="Write it out in the infrastructure code, as [policy.deployments] has it, or change the rule.",
        )
