"""PgBouncer between workloads and a server: a process of this machine, for one role, as long as a block lasts.

Source: https://www.pgbouncer.org/config.html.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.errors import PrerequisiteMissing, ProvisionError, one_line
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provenance import Tool
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.drawn_network.namespaces import find_system_program
from exitgate.provision.engine import Engine
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.run import Run
from exitgate.waiting import wait_for

PROGRAM = "pgbouncer"
_NOBODY = "nobody"
"""PgBouncer does not run as root."""
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = {address}
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits,options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout
server_tls_sslmode = {tls}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooler:
    """A PgBouncer that serves."""

    server: DatabaseServer
    """The server behind it, as workloads see it."""
    tool: Tool


@contextmanager
def pgbouncer(
    engine: Engine, run: Run, server: DatabaseServer, credentials: tuple[str, str], *, mode: str, size: int
) -> Iterator[Pooler]:
    """Put a PgBouncer before a server for as long as the block lasts.

    Args:
        engine: Knows this machine's address on the run's network.
        run: Whose it is; the process has the run's id in its environment.
        server: The server behind it.
        credentials: Name and password of the one role that may come by it.
        mode: ``transaction`` or ``session``.
        size: Sessions of the server that it has, at most, for a database.

    Raises:
        PrerequisiteMissing: if there is no PgBouncer on this machine.
        ProvisionError: if it does not serve.
    """
    program = find_system_program(PROGRAM)
    if program is None:
        raise PrerequisiteMissing(
            "pooler of [service.migrations]",
            got=f"no {PROGRAM} on this machine",
            expected="one to stand between replicas and database, as the target says",
            action="Install pgbouncer (Debian, Ubuntu).",
        )
    told = run_tool([program, "--version"], timeout_s=_START_TIMEOUT_S, environment=scrubbed_environment())
    version = re.search(r"\d+(\.\d+)+", told.stdout)
    gateway = str(engine.client.networks.get(server.network).attrs["IPAM"]["Config"][0]["Gateway"])
    folder = make_scratch_folder(run.id, run.owner)
    try:
        port = _free_port(gateway)
        role, password = credentials
        (folder / "users").write_text(f'"{role}" "{password}"\n', encoding="utf-8")
        (folder / "settings").write_text(
            _SETTINGS.format(
                host=server.owner["host"],
                port=server.owner.get("port", "5432"),
                address=gateway,
                listen=port,
                users=folder / "users",
                mode=mode,
                size=size,
                tls=server.owner.get("sslmode", "prefer"),
            ),
            encoding="utf-8",
        )
        with _running(program, folder, (gateway, port)):
            yield Pooler(
                server=replace(server, host=gateway, port=port, options={}),
                tool=Tool(name=PROGRAM, version=version.group() if version else ""),
            )
    finally:
        remove_scratch_folder(folder)


@contextmanager
def _running(program: str, folder: Path, address: tuple[str, int]) -> Iterator[None]:
    user = None
    if os.geteuid() == 0:
        user = pwd.getpwnam(_NOBODY).pw_uid
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, -1)
    log = folder / "log"
    with log.open("wb") as words:
        process = subprocess.Popen(
            [program, "--quiet", str(folder / "settings")],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env=scrubbed_environment(),
            user=user,
        )
    try:
        wait_for(
            lambda: process.poll() is not None or _answers(address),
            until=bool,
            timeout_s=_START_TIMEOUT_S,
            interval_s=0.05,
        )
        if process.poll() is not None or not _answers(address):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines() or ["nothing"]
            raise ProvisionError(
                PROGRAM,
                got=f"it does not serve; its log says: {one_line(lines[-1], 200)}",
                expected="a pooler between replicas and database",
                action="Try it by hand on this machine.",
            )
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port(address: str) -> int:
    with socket.socket() as taken:
        taken.bind((address, 0))
        return int(taken.getsockname()[1])


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
