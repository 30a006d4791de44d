"""The balancer: health as a load balancer of AWS sees it, its error codes, and that nothing of it is left."""

from __future__ import annotations

import http.client
import os
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.balancer import Balancer, BalancerRules, Target, TargetHealth, find_envoy, throwaway_balancer
from exitgate.waiting import wait_for
from tests.load.server import FaultyServer, faulty_server
from tests.runs import run_in

RULES = BalancerRules(health_path="/", interval_s=0.1, timeout_s=0.3, healthy_count=2, unhealthy_count=2)


def _has_envoy() -> bool:
    try:
        find_envoy()
    except PrerequisiteMissing:
        return False
    return True


pytestmark = pytest.mark.skipif(not _has_envoy(), reason="there is no Envoy for this machine")


def ask(balancer: Balancer) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", balancer.port, timeout=5)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.getheader("x-exitgate-task")
    finally:
        connection.close()


def target(server: FaultyServer, task: str = "task-1") -> Target:
    return Target(task=task, address="127.0.0.1", port=server.port)


def await_health(balancer: Balancer, task: str, wanted: TargetHealth) -> None:
    seen, found = wait_for(lambda: balancer.health().get(task), until=lambda each: each is wanted, timeout_s=10)
    assert found, seen


def test_a_target_comes_fails_returns_and_goes(tmp_path: Path) -> None:
    with faulty_server() as server, throwaway_balancer(run_in(tmp_path), RULES) as balancer:
        assert ask(balancer)[0] == 503
        balancer.register(target(server))
        await_health(balancer, "task-1", TargetHealth.HEALTHY)
        assert ask(balancer) == (200, "task-1")
        server.mode = "503"
        await_health(balancer, "task-1", TargetHealth.UNHEALTHY)
        # Nobody is healthy: everybody gets requests.
        assert ask(balancer) == (503, "task-1")
        server.mode = "reset"
        assert ask(balancer)[0] == 502
        server.mode = "good"
        await_health(balancer, "task-1", TargetHealth.HEALTHY)
        balancer.deregister("task-1")
        assert balancer.health() == {}
        assert wait_for(lambda: ask(balancer)[0], until=lambda status: status == 503, timeout_s=5)[1]


def test_a_target_that_never_passes_is_initial_and_then_unhealthy(tmp_path: Path) -> None:
    with throwaway_balancer(run_in(tmp_path), RULES) as balancer:
        balancer.register(Target(task="task-1", address="127.0.0.1", port=9))
        assert balancer.health() == {"task-1": TargetHealth.INITIAL}
        await_health(balancer, "task-1", TargetHealth.UNHEALTHY)


def test_it_runs_without_rights_and_leaves_nothing(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    with throwaway_balancer(run, RULES) as balancer:
        status = Path(f"/proc/{balancer.pid}/status").read_text(encoding="ascii")
        environment = Path(f"/proc/{balancer.pid}/environ")
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert lines["NoNewPrivs"] == "1"
        assert int(lines["CapEff"], 16) == 0 or os.geteuid() != 0
        if os.geteuid() == 0:
            assert set(lines["Uid"].split()) == {"65534"}
            assert f"EXITGATE_RUN={run.id}@{run.owner}".encode() in environment.read_bytes()
        pid = balancer.pid
    assert not Path(f"/proc/{pid}").exists()
    assert list(Path("/tmp").glob(f"exitgate-{run.id}-*")) == []
