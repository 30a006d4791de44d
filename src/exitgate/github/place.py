"""Where a repository is on GitHub, and by which root of the REST API it is asked; pure.

Source: https://docs.github.com/en/rest/about-the-rest-api
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PUBLIC_API: Final = "https://api.github.com"
TOKEN_VARIABLE: Final = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_DAYS: Final = 30
FEWEST_DAYS: Final = 7
"""A shorter time could be picked so that it holds no merge but good ones."""
MOST_DAYS: Final = 90
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:_[A-Za-z0-9]+)?/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubPlace:
    """A repository that a run was given."""

    repository: str
    """``OWNER/NAME``."""
    api: str = PUBLIC_API
    """The root of the REST API, without a slash at its end."""
    days: int = DEFAULT_DAYS
    """How many days back merges are looked at."""

    @property
    def is_stand_in(self) -> bool:
        """Whether a server of this machine answers in GitHub's place."""
        return _is_loopback(urlsplit(self.api).hostname or "")


def is_name(text: str) -> bool:
    """Say whether a text can be ``OWNER/NAME``."""
    return _NAME.fullmatch(text) is not None


def is_api_root(text: str) -> bool:
    """Say whether a text is a root of an API that a token may be sent to: by TLS, or to this machine itself; nothing behind it."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password or text.endswith(("/", "?", "#")))
    return plain and host is not None and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
