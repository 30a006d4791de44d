"""A container's settings from a service of a Compose file.

Source: https://docs.docker.com/reference/compose-file/
"""

from exitgate.observe.compose.service import ComposeService, read_compose_service

__all__ = ["ComposeService", "read_compose_service"]
