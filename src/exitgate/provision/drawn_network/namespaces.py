"""Network namespaces without a name: they live as long as somebody holds them, so that a run that is killed leaves none.

Links, routes and filters are made inside of them alone; this machine's own are never touched. Source: network_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from exitgate.errors import PrerequisiteMissing, ProvisionError, one_line
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provision.drawn_network.drawing import Drawing, Host
from exitgate.provision.drawn_network.filters import ANSWERS, NOWHERE

_CLONE_NEWNET: Final = 0x40000000
DRAWING_PROGRAMS: Final = ("ip", "iptables-restore")
"""What draws a network."""
_ROUTER: Final = "169.254.1.1"
_FIRST_TABLE: Final = 1000
_TIMEOUT_S: Final = 30.0
_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_SETTINGS: Final = {
    # An answer may come another way than the question went, and each refusal is to be heard of.
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/icmp_ratemask": "0",
    "ipv4/ip_forward": "1",
}
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network of its own."""

    descriptor: int

    def within(self, work: Callable[[], _Result]) -> _Result:
        """Do something in this network, in a thread that then ends: sockets and programs that it makes stay in it.

        Raises:
            ProvisionError: if the kernel does not let us in.
        """

        def enter() -> _Result:
            _call("setns", self.descriptor, _CLONE_NEWNET)
            return work()

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(enter).result()

    def configure(self, commands: list[str], filters: str) -> None:
        """Make links and routes, and load filters.

        Args:
            commands: Lines of ``ip -batch``.
            filters: Input of iptables-restore.

        Raises:
            PrerequisiteMissing: if there is no ip or iptables here.
            ProvisionError: if one of them refuses.
        """

        def work() -> None:
            for name, value in _SETTINGS.items():
                Path("/proc/sys/net", name).write_text(value, encoding="ascii")
            _run(["ip", "-batch", "-"], "\n".join([*commands, ""]))
            _run(["iptables-restore"], filters)

        self.within(work)


@contextmanager
def drawn(drawing: Drawing) -> Iterator[tuple[Namespace, ...]]:
    """Draw a network for as long as the block lasts.

    Returns:
        The hosts' namespaces, in their order.

    Raises:
        PrerequisiteMissing: if this process may make no namespaces, or the kernel or its tools can't filter packets.
        ProvisionError: if the drawing is refused.
    """
    if os.geteuid() != 0:
        raise PrerequisiteMissing(
            "network namespaces",
            got="no right to make them",
            expected="a run as root, to draw the planned network",
            action="Run exitgate as root in a machine of its own, e.g. in CI.",
        )
    for name in DRAWING_PROGRAMS:
        if find_system_program(name) is None:
            raise PrerequisiteMissing(
                name,
                got="not installed",
                expected="it, to draw the planned network",
                action="Install iptables and iproute2.",
            )
    with ExitStack() as stack:
        router = _made(stack)
        hosts = tuple(_made(stack) for _ in drawing.hosts)
        router.configure(_between(drawing, hosts), drawing.router)
        for host, namespace in zip(drawing.hosts, hosts, strict=True):
            namespace.configure(_own(host), host.filters)
            namespace.within(lambda ports=host.ports: _send_from(ports))  # type: ignore[misc]
        yield hosts


def _made(stack: ExitStack) -> Namespace:
    def make() -> int:
        _call("unshare", _CLONE_NEWNET)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            descriptor = pool.submit(make).result()
        except ProvisionError as error:
            raise PrerequisiteMissing(
                "network namespaces",
                got=error.got,
                expected="a kernel that makes them, to draw the planned network",
                action="Run exitgate where containers can be run.",
            ) from error
    stack.callback(os.close, descriptor)
    return Namespace(descriptor)


def _between(drawing: Drawing, hosts: tuple[Namespace, ...]) -> list[str]:
    """Return what makes the router: a link to each host, a table of all addresses, and one for what comes from each host."""
    links, routes = [f"rule add fwmark {ANSWERS} lookup main priority {_FIRST_TABLE - 1}"], []
    links += ["link set lo up", f"link add {NOWHERE} type veth peer name behind", f"link set {NOWHERE} up"]
    for number, (host, namespace) in enumerate(zip(drawing.hosts, hosts, strict=True)):
        own, table = host.interface, _FIRST_TABLE + number
        there = f"/proc/{os.getpid()}/fd/{namespace.descriptor}"
        links.append(f"link add {own} type veth peer name eth0 netns {there}")
        links += [f"address add {_ROUTER}/32 dev {own}", f"link set {own} up"]
        routes += [f"route add {each}/32 dev {own}" for each in host.addresses]
        if host.routes:
            routes.append(f"rule add iif {own} lookup {table} priority {table}")
            routes += [f"route append {each} table {table}" for each in host.routes]
    return [*links, *routes]


def _own(host: Host) -> list[str]:
    return [
        "link set lo up",
        *(f"address add {each}/32 dev eth0" for each in host.addresses),
        "link set eth0 up",
        f"route add {_ROUTER}/32 dev eth0 scope link",
        f"route add default via {_ROUTER} dev eth0",
    ]


def _send_from(ports: tuple[int, int]) -> None:
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{ports[0]} {ports[1]}", encoding="ascii")


def find_system_program(name: str) -> str | None:
    """Return the path of a program that may stand where root's programs do, whatever PATH says."""
    return shutil.which(name, path=_PATH)


def _run(arguments: list[str], given: str) -> None:
    environment = {**scrubbed_environment(), "PATH": _PATH}
    completed = run_tool(
        [find_system_program(arguments[0]) or arguments[0], *arguments[1:]],
        timeout_s=_TIMEOUT_S,
        environment=environment,
        standard_input=given.encode(),
    )
    if completed.exit_code:
        raise ProvisionError(
            f"{arguments[0]} in a network namespace",
            got=one_line(completed.stderr or completed.stdout, 200),
            expected="links, routes and packet filters of our own",
            action="Look whether the kernel has nf_tables and this machine iptables and iproute2.",
        )


def _call(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*map(ctypes.c_int, arguments)) != 0:
        problem = os.strerror(ctypes.get_errno())
        raise ProvisionError(
            f"network namespace: {function}",
            got=problem,
            expected="leave to have a network of our own",
            action="Run exitgate as root where containers can be run.",
        )
