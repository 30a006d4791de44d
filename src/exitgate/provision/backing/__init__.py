"""Throwaway servers that workloads lean on: databases, caches, brokers. One file a kind, and how they are started and shared."""

from exitgate.provision.backing.guests import guest
from exitgate.provision.backing.kind import Access, Kind, NotReady
from exitgate.provision.backing.servers import (
    KINDS,
    Server,
    Surroundings,
    environment_of,
    servers,
    started_ahead,
    surroundings,
    value_of,
)

__all__ = [
    "KINDS",
    "Access",
    "Kind",
    "NotReady",
    "Server",
    "Surroundings",
    "environment_of",
    "guest",
    "servers",
    "started_ahead",
    "surroundings",
    "value_of",
]
