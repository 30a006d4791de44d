"""What the sample service is asked for at work: requests by TLS, messages, and both while one of its servers is out of reach."""

from __future__ import annotations

import http.client
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from exitgate.errors import one_line
from exitgate.observe.planned_front import PlannedFront
from exitgate.observe.rollout.messages import handled_count, messages_to
from exitgate.observe.serving import is_served
from exitgate.provision.backing import Surroundings
from exitgate.provision.balancer import RULE_HEADER, TASK_HEADER, BalancerRules
from exitgate.provision.crossing import Crossing
from exitgate.provision.drawn_network import Namespace
from exitgate.provision.relay import Way
from exitgate.target import Traffic, Workload
from exitgate.waiting import wait_for

TASK: Final = "sample"
"""As the balancer knows it."""
WORK_S: Final = 20.0
"""How long work may take that is done, in seconds."""
_APART_S, _BACK_S = 3.0, 30.0
"""How long is waited for work that can't be done, and for a server to be used again, in seconds."""
_ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for a kind of requests, sent by TLS from the internet's end."""

    traffic: str
    path: str
    status: int
    """0 where there was no answer."""
    failure: str
    """Why there was none, in one line."""
    is_served: bool
    """It is one of the codes that this kind of requests is answered with."""
    by_task: bool
    """It comes from the service, and not from the balancer."""
    rule: str
    """The address of the rule that decided; empty where the balancer did not say."""
    tls: str
    """The version that was agreed on, as ``TLSv1.3``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A backing server, and what of the work hangs on it."""

    server: str
    kind: str
    works: bool
    """Work that takes the server was done."""
    works_without: bool
    """It was, too, while the server was out of reach."""
    works_again: bool
    """It was once more, when the server was back."""
    words: str
    """What was seen, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Somebody on the internet, who trusts the run's own certificate for the domain."""

    space: Namespace
    address: str
    planned: PlannedFront
    rules: BalancerRules

    def ask(self, traffic: Traffic) -> Answer:
        """Send one request of a kind on a connection of its own, and follow no redirect."""
        headers = {"User-Agent": "exitgate", **traffic.headers}
        if traffic.key_header:
            headers[traffic.key_header] = f"exitgate-{secrets.token_hex(8)}"
        answer = Answer(
            traffic=traffic.name,
            path=traffic.path,
            status=0,
            failure="",
            is_served=False,
            by_task=False,
            rule="",
            tls="",
        )
        try:
            with self._connected(self.planned.host_for(traffic.path)) as (connection, version):
                connection.request(traffic.method, traffic.path, traffic.body or None, headers)
                got = connection.getresponse()
                got.read()
        except (OSError, http.client.HTTPException) as error:
            return replace(answer, failure=one_line(f"{type(error).__name__} {error}", 120))
        task = got.getheader(TASK_HEADER) or ""
        return replace(
            answer,
            status=got.status,
            is_served=is_served(traffic, got.status) and task == TASK,
            by_task=task == TASK,
            rule=got.getheader(RULE_HEADER) or "",
            tls=version,
        )

    @contextmanager
    def _connected(self, host: str) -> Iterator[tuple[http.client.HTTPConnection, str]]:
        front = self.rules.front
        domain, trusted = (front.certificate.domain, front.certificate.certificate) if front else ("", "")
        context = ssl.create_default_context(cadata=trusted)
        place = (self.address, self.planned.port)
        plain = self.space.within(lambda: socket.create_connection(place, timeout=_ANSWER_S))
        with plain, context.wrap_socket(plain, server_hostname=domain) as secure:
            # Its own port is the one that goes without saying, as 443 does.
            connection = http.client.HTTPConnection(host)
            connection.sock = secure
            yield connection, secure.version() or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """The service's work, tried while its servers are there and while one is not."""

    workload: Workload
    around: Surroundings
    ask: Callable[[Traffic], Answer]

    def tells(self, kind: str) -> bool:
        """Say whether the target tells of work that takes a kind of server."""
        return bool(self.workload.message if kind == "rabbitmq" else self.workload.traffic)

    def answers(self) -> tuple[Answer, ...]:
        """Ask each kind of requests once."""
        return tuple(map(self.ask, self.workload.traffic))

    def without(self, name: str, kind: str, way: Crossing) -> Dependency:
        """Try the work that takes a server: with it, without it, and with it again."""
        works, first = self._try_until_done(kind, WORK_S)
        way.far.lead(Way.CUT)
        try:
            works_without, apart = self._try(kind, _APART_S)
        finally:
            way.far.lead(Way.OPEN)
        again, last = self._try_until_done(kind, _BACK_S) if works else (False, "not tried")
        words = f"with it {first}, without {apart}, then {last}; {way.words}"
        return Dependency(
            server=name, kind=kind, works=works, works_without=works_without, works_again=again, words=words
        )

    def _try_until_done(self, kind: str, within_s: float) -> tuple[bool, str]:
        (_, words), done = wait_for(
            lambda: self._try(kind, within_s), until=lambda each: each[0], timeout_s=within_s, interval_s=0.5
        )
        return done, words

    def _try(self, kind: str, within_s: float) -> tuple[bool, str]:
        """Return whether the work was done, and what of it in words."""
        if kind == "rabbitmq":
            return self._messages(within_s)
        self.around.empty_caches()
        answers = self.answers()
        if kind == "redis":
            entries = self.around.cached()
            return entries > 0, f"{entries} entries kept"
        served_kinds = sum(each.is_served for each in answers)
        return served_kinds == len(answers), f"{served_kinds} of {len(answers)} kinds of requests served"

    def _messages(self, within_s: float) -> tuple[bool, str]:
        """Publish until one message is handled, or time is over.

        Where the service never came to its broker, nobody has declared the exchange, and the broker takes none.
        """
        with messages_to(self.workload, self.around) as published:
            handled, _ = wait_for(
                lambda: sum(
                    handled_count(kind, self.around, each.ids)
                    for kind, each in zip(self.workload.message, published, strict=True)
                ),
                until=lambda count: count > 0 or any(each.failure for each in published),
                timeout_s=within_s,
                interval_s=0.1,
            )
            told = f"{handled} of {sum(len(each.ids) for each in published)} messages handled"
            refused = next((each.failure for each in published if each.failure), "")
            return handled > 0, one_line(f"{told}; {refused}" if refused and not handled else told, 200)
