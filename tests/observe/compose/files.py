"""A Compose project in a folder, and what is read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.observe.compose import ComposeService, read_compose_service

WHOLE = """\
name: shop
x-common: &common
  user: "10001:10002"
  read_only: true
services:
  db:
    image: postgres
  orders:
    <<: *common
    image: registry.example/orders:${TAG}
    privileged: false
    cap_add: [CHOWN]
    cap_drop:
      - ALL
    security_opt: ["no-new-privileges:true"]
    group_add: [2000, staff]
    init: true
    entrypoint: /bin/app --name 'a b'
    command: ["serve", "--now"]
    working_dir: /app
    environment:
      A: 1
      B: ""
      C: ${LEVEL:-info}
      D: true
      E: 1.5
    healthcheck:
      test: ["CMD", "/check"]
      interval: 1m30s
      timeout: 3s
      retries: 5
      start_period: 500ms
    stop_grace_period: 20s
    sysctls: ["net.core.somaxconn=1024"]
    mem_limit: 512m
    tmpfs: /run:size=64m
    volumes:
      - ./data:/data:ro
      - scratch:/tmp
      - type: tmpfs
        target: /cache
      - /plain
volumes:
  scratch:
"""


def read(folder: Path, text: str | bytes, name: str = "orders", given: frozenset[str] = frozenset()) -> ComposeService:
    (folder / "compose.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_compose_service(folder, "compose.yaml", name, given)


def made(folder: Path, *lines: str, top: str = "", given: frozenset[str] = frozenset()) -> ComposeService:
    """Read a service of the given lines; the first stands in line 4."""
    own = "".join(f"    {line}\n" for line in lines)
    return read(folder, f"services:\n  orders:\n    image: orders\n{own}{top}", given=given)


def refusal(
    folder: Path, text: str | bytes, name: str = "orders", kind: type[ExitgateError] = ObservationError
) -> ExitgateError:
    """Return the error about a file, having seen that it is one line of the right kind with all its parts."""
    with pytest.raises(kind) as caught:
        read(folder, text, name)
    error = caught.value
    assert type(error) is kind
    assert len(str(error).splitlines()) == 1
    assert error.subject.startswith("compose.yaml")
    assert all((error.got, error.expected, error.action))
    return error


def refused(folder: Path, *lines: str, top: str = "", kind: type[ExitgateError] = ObservationError) -> ExitgateError:
    own = "".join(f"    {line}\n" for line in lines)
    return refusal(folder, f"services:\n  orders:\n    image: orders\n{own}{top}", kind=kind)


def not_assessed(folder: Path, *lines: str, top: str = "") -> ExitgateError:
    return refused(folder, *lines, top=top, kind=PrerequisiteMissing)
