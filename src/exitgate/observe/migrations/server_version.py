"""Whether the server on which migrations are tried is of the version that production has."""

from __future__ import annotations

import re

from exitgate.errors import PrerequisiteMissing

_TAG = re.compile(r":v?(\d+)[^/]*$")
_MAJOR = re.compile(r"\d+")


def compared_with_production(version: str, declared: str | None, image: str) -> tuple[str, ...]:
    """Return what is not known of production's version.

    Args:
        version: Of the server on which migrations are tried.
        declared: Production's, by the policy.
        image: Of the backing server, whose tag stands for it where the policy says nothing.

    Raises:
        PrerequisiteMissing: if production has another major version.
    """
    tag = _TAG.search(image.partition("@")[0])
    wanted = declared or (tag.group(1) if tag else "")
    if not wanted:
        return (f"production's version of PostgreSQL is not declared: it may be another than {version}",)
    ours, theirs = _MAJOR.match(version), _MAJOR.match(wanted)
    if ours is None or theirs is None or ours.group() != theirs.group():
        raise PrerequisiteMissing(
            "server on which migrations are tried",
            got=f"PostgreSQL {version}",
            expected=f"the major version of production, {wanted}",
            action="Name one by --database-url, or correct engine_version in [policy.migrations] or the image in [[backing]].",
        )
    return ()
