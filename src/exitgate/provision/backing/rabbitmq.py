"""RabbitMQ, one node. Source: https://hub.docker.com/_/rabbitmq."""

from __future__ import annotations

from urllib.parse import quote

from exitgate.provision.backing.kind import Access, Kind, NotReady, Start

_TIMEOUT_S = 5


class RabbitMQ(Kind):
    """Its one virtual host is shared by all clients; a part names that host, ``/`` where it is not given."""

    name = "rabbitmq"
    port = 5672
    user = "exitgate"

    def start(self, password: str) -> Start:
        """Start a node with one user."""
        environment = {"RABBITMQ_DEFAULT_USER": self.user, "RABBITMQ_DEFAULT_PASS": password}
        return Start(environment=environment, command=("rabbitmq-server",))

    def version(self, access: Access) -> str:
        """Ask the server."""
        import amqp

        connection = amqp.Connection(
            host=f"{access.host}:{access.port}",
            userid=access.user,
            password=access.password,
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
        )
        try:
            connection.connect()
            return str(connection.server_properties["version"])
        except (amqp.AMQPError, OSError) as error:
            raise NotReady(str(error)) from error
        finally:
            connection.collect()

    def url(self, access: Access) -> str:
        """Return ``amqp://user:password@host:port/virtual host``."""
        password, host = quote(access.password, safe=""), quote(access.part or "/", safe="")
        return f"amqp://{access.user}:{password}@{access.host}:{access.port}/{host}"
