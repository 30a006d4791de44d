"""What every kind of backing server has to tell: how it is started, when it is ready, and how a client reaches its part of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a client reaches its part of a server."""

    host: str
    port: int
    user: str
    password: str
    part: str = ""
    """A database, a virtual host, a number: what the kind calls its parts; empty for the whole server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the public image of a kind is started."""

    environment: Mapping[str, str]
    command: tuple[str, ...]
    disks: Mapping[str, str] = field(default_factory=dict)
    """Folder to mount options of what else it can write to."""


class Kind(ABC):
    """A kind of server. Those that stand in for the public image obey the same environment and command."""

    name: ClassVar[str]
    port: ClassVar[int]
    """The port on which it listens in its container."""
    user: ClassVar[str]
    """Who owns the server."""

    @abstractmethod
    def start(self, password: str) -> Start:
        """Return how the public image is started with this password; nothing is kept on disk, since nothing outlives the run."""

    @abstractmethod
    def version(self, access: Access) -> str:
        """Return the version of a server that is ready; it is a client of the server's that asks.

        Raises:
            NotReady: if it does not serve yet.
        """

    @abstractmethod
    def url(self, access: Access) -> str:
        """Return the address as clients take it, credentials included."""

    @contextmanager
    def part(self, access: Access, part: str) -> Iterator[Access]:
        """Give a client a part of the server for as long as the block lasts. `access` is the owner's."""
        yield Access(host=access.host, port=access.port, user=access.user, password=access.password, part=part)


class NotReady(Exception):
    """A server that does not serve yet, with its own words."""
