"""What stands before a balancer's targets: TLS of the versions that are set, rules in order, and targets asked by TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.balancer import (
    RULE_HEADER,
    TASK_HEADER,
    Balancer,
    BalancerRules,
    Front,
    Rule,
    Target,
    TargetHealth,
    certificate_for,
    find_envoy,
    throwaway_balancer,
)
from exitgate.waiting import wait_for
from tests.load.server import faulty_server
from tests.runs import run_in


def _has_envoy() -> bool:
    try:
        find_envoy()
    except PrerequisiteMissing:
        return False
    return True


pytestmark = pytest.mark.skipif(not _has_envoy(), reason="there is no Envoy for this machine")

CERTIFICATE = certificate_for("shop.example")
FRONT = Front(
    rules=(
        Rule(address="closed", paths=("/closed/*", "/shut"), answers=503),
        Rule(address="own host", hosts=("*.SHOP.example",), answers=404),
        Rule(address="api", paths=("/api/v?/*",)),
        Rule(address="default", answers=301),
    ),
    certificate=CERTIFICATE,
    oldest="TLSv1_3",
)


def rules(front: Front) -> BalancerRules:
    return BalancerRules(health_path="/", interval_s=0.1, timeout_s=0.3, front=front)


def ask(balancer: Balancer, path: str, host: str = "shop.example") -> tuple[int, str | None, str | None]:
    context = ssl.create_default_context(cadata=CERTIFICATE.certificate)
    # Envoy gives a target that does not shake hands up after ten seconds, as AWS's does.
    plain = socket.create_connection(("127.0.0.1", balancer.port), timeout=15)
    with plain, context.wrap_socket(plain, server_hostname="shop.example") as secure:
        connection = http.client.HTTPConnection(host)
        connection.sock = secure
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader(TASK_HEADER), answer.getheader(RULE_HEADER)


def health_of(balancer: Balancer) -> TargetHealth:
    found, _ = wait_for(
        lambda: balancer.health()["task"], until=lambda each: each is not TargetHealth.INITIAL, timeout_s=10
    )
    return found


def test_the_first_rule_that_fits_decides_and_is_named(tmp_path: Path) -> None:
    with faulty_server() as server, throwaway_balancer(run_in(tmp_path), rules(FRONT)) as balancer:
        balancer.register(Target(task="task", address="127.0.0.1", port=server.port))
        assert health_of(balancer) is TargetHealth.HEALTHY
        assert ask(balancer, "/api/v1/orders?all") == (200, "task", "api")
        assert ask(balancer, "/closed/api/v1/orders") == (503, None, "closed")
        assert ask(balancer, "/shut") == (503, None, "closed")
        # One character stands for ?, not two.
        assert ask(balancer, "/api/v10/orders") == (301, None, "default")
        assert ask(balancer, "/api/v1/orders", host="any.shop.example:443") == (404, None, "own host")


def test_an_older_version_of_tls_and_another_name_are_refused(tmp_path: Path) -> None:
    with throwaway_balancer(run_in(tmp_path), rules(FRONT)) as balancer:
        context = ssl.create_default_context(cadata=CERTIFICATE.certificate)
        place = ("127.0.0.1", balancer.port)
        with pytest.raises(ssl.SSLError, match="another"), socket.create_connection(place, timeout=5) as plain:
            context.wrap_socket(plain, server_hostname="another.example")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(place, timeout=5) as plain:
            context.wrap_socket(plain, server_hostname="shop.example")


def test_a_target_without_tls_serves_nobody_who_asks_it_by_tls(tmp_path: Path) -> None:
    front = replace(FRONT, targets_by_tls=True)
    with faulty_server() as server, throwaway_balancer(run_in(tmp_path), rules(front)) as balancer:
        balancer.register(Target(task="task", address="127.0.0.1", port=server.port))
        assert health_of(balancer) is TargetHealth.UNHEALTHY
        assert ask(balancer, "/api/v1/orders")[0] in (502, 503)
