"""Redis, kept in memory alone. Source: https://hub.docker.com/_/redis."""

from __future__ import annotations

from urllib.parse import quote

from exitgate.provision.backing.kind import Access, Kind, NotReady, Start

_TIMEOUT_S = 5


class Redis(Kind):
    """Parts are its numbered databases."""

    name = "redis"
    port = 6379
    user = "default"

    def start(self, password: str) -> Start:
        """Start a server that saves nothing."""
        command = ("redis-server", "--requirepass", password, "--save", "", "--appendonly", "no")
        return Start(environment={}, command=command)

    def version(self, access: Access) -> str:
        """Ask the server."""
        import redis

        try:
            with redis.Redis.from_url(self.url(access), socket_timeout=_TIMEOUT_S) as client:
                return str(client.info("server")["redis_version"])
        except redis.RedisError as error:
            raise NotReady(str(error)) from error

    def url(self, access: Access) -> str:
        """Return ``redis://user:password@host:port/number``."""
        return f"redis://{access.user}:{quote(access.password, safe='')}@{access.host}:{access.port}/{access.part or 0}"
