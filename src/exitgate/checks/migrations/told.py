"""A finding about a service's migrations, in one line."""

from __future__ import annotations

from exitgate.finding import Finding


def told(location: str, message: str, expected: str, got: str, remedy: str) -> Finding:
    """Return it."""
    return Finding(location=location, message=message, expected=expected, got=got, remedy=remedy)
