"""Which ports listen in the network of a process, by the kernel's own list.

It is asked by netlink. ``/proc/PID/net/tcp`` says the same, but walks a table with room for all connections that there could be:
6 ms of the kernel's time on a machine with 24 GiB, as against 0.02. Source: sock_diag(7).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from exitgate.errors import ProvisionError
from exitgate.provision.drawn_network.namespaces import Namespace

_SOCK_DIAG = 4
"""NETLINK_SOCK_DIAG."""
_BY_FAMILY, _ERROR, _DONE = 20, 2, 3
_DUMP = 0x301
"""NLM_F_REQUEST and NLM_F_DUMP."""
_LISTEN = 10
"""TCP_LISTEN."""
_HEAD = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBxI48x")
"""inet_diag_req_v2: family, protocol, nothing more of each, states, and no socket in particular."""
_PORT = struct.Struct("!H")
_PORT_AT = _HEAD.size + 4
_ROOM = 1 << 16
_TIMEOUT_S = 5.0
_TABLES = ("tcp", "tcp6")


class ListeningPorts:
    """Of one process, until it is closed."""

    def __init__(self, pid: int) -> None:
        """Take the network of a process of this machine; where it may not be entered, /proc is read."""
        self._pid = pid
        self._socket: socket.socket | None = None
        with suppress(OSError, ProvisionError):
            self._socket = _asking(pid)

    def read(self) -> frozenset[int]:
        """Return the ports of TCP, on any address, that something listens on now; none where the process is gone."""
        if self._socket is not None:
            try:
                return _listed(self._socket, socket.AF_INET) | _listed(self._socket, socket.AF_INET6)
            except OSError:
                self.close()
        return _tabled(self._pid)

    def close(self) -> None:
        """Let go of the network."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _asking(pid: int) -> socket.socket:
    place = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        made = Namespace(place).within(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG))
    finally:
        os.close(place)
    made.settimeout(_TIMEOUT_S)
    return made


def _listed(asking: socket.socket, family: int) -> frozenset[int]:
    words = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 1 << _LISTEN)
    asking.send(_HEAD.pack(_HEAD.size + len(words), _BY_FAMILY, _DUMP, 1, 0) + words)
    found: set[int] = set()
    while True:
        answer = asking.recv(_ROOM)
        at = 0
        while at + _HEAD.size <= len(answer):
            length, kind, *_ = _HEAD.unpack_from(answer, at)
            if kind == _DONE:
                return frozenset(found)
            if kind == _ERROR or length < _HEAD.size:
                raise OSError(errno.EIO, "the kernel does not list sockets")
            found.add(_PORT.unpack_from(answer, at + _PORT_AT)[0])
            at += (length + 3) & ~3


def _tabled(pid: int) -> frozenset[int]:
    found: set[int] = set()
    for table in _TABLES:
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        rows = [line.split() for line in lines]
        found |= {int(row[1].rpartition(":")[2], 16) for row in rows if int(row[3], 16) == _LISTEN}
    return frozenset(found)
