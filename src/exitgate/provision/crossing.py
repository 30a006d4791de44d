"""Ways for real data through a drawn network: in at one end, out at the other, and the drawn filters and routes in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from exitgate.provision.drawn_network import Drawing, Host, Namespace, drawing_of, drawn
from exitgate.provision.relay import Relay
from exitgate.reachability import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A way from one end to another: two relays, the first of which reaches the second through the drawn network alone."""

    near: Relay
    """Where it is gone in, in this machine's own network."""
    far: Relay
    """Where it comes out; what it leads to is out of reach while it is cut."""

    @property
    def words(self) -> str:
        """What went through it."""
        return f"of {self.near.connections} connections {self.far.connections} came through the drawn network"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnEnds:
    """A network that is drawn, by its ends."""

    drawing: Drawing
    spaces: Mapping[str, tuple[Host, Namespace]]
    """End to its first address."""

    def space(self, end: str) -> Namespace:
        """Return the network that an end has for itself."""
        return self.spaces[end][1]

    def address(self, end: str) -> str:
        """Return the address under which others reach it."""
        return self.spaces[end][0].addresses[0]

    @contextmanager
    def crossing(
        self, ends: tuple[str, str], port: int, *, listens_at: str, leads_to: tuple[str, int], own_port: int = 0
    ) -> Iterator[Crossing]:
        """Open a way for as long as the block lasts.

        Args:
            ends: Who connects, and to whom.
            port: On which the second takes connections.
            listens_at: The address of this machine at which one goes in.
            leads_to: Address and port to which one comes out.
            own_port: The port at which one goes in; 0 for a free one.

        Raises:
            ProvisionError: if it can't be opened.
        """
        source, destination = ends
        there = self.address(destination)
        far = Relay(there, leads_to[1], host=leads_to[0], own_port=port, listens_in=self.space(destination))
        near = Relay(listens_at, port, host=there, own_port=own_port, connects_in=self.space(source))
        with far.serving(), near.serving():
            yield Crossing(near=near, far=far)

    @contextmanager
    def entrance(self, end: str, port: int, leads_to: int) -> Iterator[Relay]:
        """Let an end take connections on a port for as long as the block lasts; they are led to a port of this machine.

        Raises:
            ProvisionError: if it can't.
        """
        with Relay(self.address(end), leads_to, own_port=port, listens_in=self.space(end)).serving() as relay:
            yield relay


@contextmanager
def drawn_ends(network: Network) -> Iterator[DrawnEnds]:
    """Draw a planned network for as long as the block lasts.

    Raises:
        PrerequisiteMissing: if nothing can be drawn here.
        ProvisionError: if the drawing is refused.
    """
    drawing = drawing_of(network)
    with drawn(drawing) as namespaces:
        yield DrawnEnds(drawing=drawing, spaces=_firsts(drawing.hosts, namespaces))


def _firsts(hosts: Sequence[Host], namespaces: Sequence[Namespace]) -> dict[str, tuple[Host, Namespace]]:
    found: dict[str, tuple[Host, Namespace]] = {}
    for host, space in zip(hosts, namespaces, strict=True):
        found.setdefault(host.end, (host, space))
    return found
