"""``exitgate rollout`` on small images, as somebody meets it: what it says, with what code, and that nothing is left."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from exitgate.provision.engine import Engine
from exitgate.provision.ownership import Owner
from exitgate.provision.substitutes import substitute_image
from exitgate.provision.sweep import leftovers

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SERVER = """
const http = require("node:http");
const server = http.createServer((request, response) => {
  if (process.env.NEEDED !== "given") process.exit(3);
  setTimeout(() => { response.setHeader("x-app-version", "VERSION"); response.end("ok"); }, 5);
}).listen(3000);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
"""
KINDS = {
    "one": SERVER,
    "two": SERVER,
    "stubborn": SERVER.replace(
        'process.on("SIGTERM", () => server.close(() => process.exit(0)));', 'process.on("SIGTERM", () => {});'
    ),
    "rude": SERVER.replace("server.close(() => process.exit(0))", "process.exit(0)").replace("}, 5)", "}, 300)"),
    "mute": "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));",
    "noisy": SERVER + "setInterval(() => { for (let n = 0; n < 500; n++) console.log('line ' + n); }, 20);",
}
SETTINGS = """
port = 3000
health_path = "/healthz"
desired_count = 2
grace_period_s = 6
interval_s = 1
timeout_s = 0.9
healthy_count = 2
unhealthy_count = 2
deregistration_delay_s = 1
stop_timeout_s = 2
propagation_lag_s = 0.2
circuit_breaker = true
rollback = true

[[traffic]]
name = "read"
path = "/"
"""

NOT_ASSESSED = 3


class Seen(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def images(engine: Engine) -> Iterator[dict[str, str]]:
    """Images of one small server each, by what is wrong with it; made without a build, and removed at the end."""
    base = substitute_image(engine, "node-runtime", "registry.invalid/nodejs:1")
    made: dict[str, str] = {}
    try:
        for kind, text in KINDS.items():
            container = engine.client.containers.create(base.tag, ["/app.js"], entrypoint=["/nodejs/bin/node"])
            try:
                container.put_archive("/", _archive("app.js", text.replace("VERSION", kind)))
                changes = ['ENTRYPOINT ["/nodejs/bin/node", "/app.js"]', "CMD []", "USER 10001:10001"]
                made[kind] = str(
                    container.commit(repository=f"exitgate-test-{os.getpid()}", tag=kind, changes=changes).id
                )
            finally:
                container.remove(force=True)
        yield made
    finally:
        for image in made.values():
            engine.client.images.remove(image, force=True)


def _archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text.encode()), 0o644
        archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def roll(tmp_path: Path, images: dict[str, str], engine: Engine) -> Roll:
    return Roll(tmp_path, images, engine)


class Roll:
    """Calls the command, and sees that nothing of its run is left."""

    def __init__(self, folder: Path, images: dict[str, str], engine: Engine) -> None:
        self.folder, self._images, self._engine = folder, images, engine

    def __call__(self, old: str, new: str, *more: str, settings: str = SETTINGS, fails: bool = False) -> Seen:
        """Call it; `fails` where requests are to fail, so that it is no matter whose fault that is."""
        (self.folder / "settings.toml").write_text(settings, encoding="utf-8")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "exitgate", "rollout", "--settings", "settings.toml", "--env", "NEEDED=given"),
                *("--from", self._images.get(old, old), "--to", self._images.get(new, new), *more),
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = process.communicate(timeout=240)
        assert "Traceback" not in err
        # Others run on this engine, too: what was this process's is told by its owner.
        owners = [(item, Owner.parse(item.owner)) for item in leftovers(self._engine)]
        assert [item for item, owner in owners if owner and owner.pid == process.pid] == []
        if process.returncode == NOT_ASSESSED and not fails:
            pytest.skip(f"this machine is too busy to say: {err}")
        return Seen(process.returncode, out, err)


def test_a_good_version_completes_and_nobody_notices(roll: Roll) -> None:
    seen = roll("one", "two", "--json", "timeline.json")
    assert seen.code == 0, seen
    assert "completed after" in seen.out
    assert ", 0 failed, 0 not sent" in seen.out
    assert "(to) running, healthy" in seen.out
    told = json.loads((roll.folder / "timeline.json").read_text(encoding="utf-8"))
    assert {"StartTask", "RegisterTarget", "DeregisterTarget", "StopTask", "Complete"} <= {
        m["kind"] for m in told["timeline"]
    }


def test_a_version_that_never_answers_is_taken_back_and_said_so(roll: Roll) -> None:
    seen = roll("one", "mute")
    assert seen.code == 1
    assert "the rolling update to version 'to' did not complete" in seen.out
    assert "rolled back (circuit breaker: 3 tasks failed)" in seen.out


def test_a_first_version_that_never_answers_is_named_in_one_line(roll: Roll) -> None:
    seen = roll("mute", "two")
    assert seen.code == 2
    (line,) = seen.err.splitlines()
    assert line.startswith("exitgate: --from sha256:")
    assert "expected tasks that answer /healthz on port 3000" in line


def test_a_version_that_exits_in_the_middle_of_requests_is_blamed_for_them(roll: Roll) -> None:
    seen = roll("rude", "two", settings=SETTINGS.replace("deregistration_delay_s = 1", "deregistration_delay_s = 0"))
    assert seen.code == 1
    assert "requests of kind 'read-" in seen.out
    assert "its task got the stop signal, and did not finish what it had" in seen.out


ALARMS = SETTINGS.replace(
    "\n[[traffic]]",
    "\n[alarms]\nerror_rate_percent = 2\nlatency_p99_ms = 1000\nperiod_s = 2\nperiods = 2\n\n[[traffic]]",
)


@pytest.mark.parametrize(("kind", "alarm"), [("slow", "latency"), ("errs", "error-rate")])
def test_a_healthy_version_that_errs_or_is_slow_is_taken_back_by_an_alarm(roll: Roll, kind: str, alarm: str) -> None:
    seen = roll("one", "two", "--spoil", kind, settings=ALARMS)
    assert seen.code == 1
    assert f"rolled back (alarm: {alarm})" in seen.out


def test_a_healthy_version_that_is_slow_stays_where_no_alarm_watches(roll: Roll) -> None:
    seen = roll("one", "two", "--spoil", "slow")
    assert "completed after" in seen.out


@pytest.mark.parametrize("disturbance", ["kill", "freeze", "cut-off"])
def test_a_task_that_is_lost_on_the_way_is_replaced_and_the_deployment_completes(roll: Roll, disturbance: str) -> None:
    # Long enough on the way for two failed checks in a row, which a grace period would leave out of account.
    slowly = SETTINGS.replace("deregistration_delay_s = 1", "deregistration_delay_s = 10").replace(
        "grace_period_s = 6", "grace_period_s = 2"
    )
    seen = roll("one", "two", "--disturb", disturbance, "--json", "timeline.json", settings=slowly, fails=True)
    assert "completed after" in seen.out, seen
    timeline = json.loads((roll.folder / "timeline.json").read_text(encoding="utf-8"))["timeline"]
    (lost,) = [moment["task"] for moment in timeline if moment["kind"] == "Disturbed"]
    after = timeline[next(n for n, moment in enumerate(timeline) if moment["kind"] == "Disturbed") :]
    assert [moment for moment in after if moment["kind"] == "DeregisterTarget" and moment["task"] == lost]
    assert [moment for moment in after if moment["kind"] == "StartTask" and moment["task"] != lost]


def test_a_single_task_is_replaced_without_a_failure(roll: Roll) -> None:
    seen = roll("one", "two", settings=SETTINGS.replace("desired_count = 2", "desired_count = 1"))
    assert seen.code == 0, seen


def test_a_service_that_ignores_its_stop_signal_is_named(roll: Roll) -> None:
    seen = roll("stubborn", "two")
    assert seen.code == 1
    assert "a task of version 'from' does not end on its stop signal and is killed" in seen.out


def test_a_service_that_floods_its_log_is_named(roll: Roll) -> None:
    seen = roll("noisy", "two")
    assert seen.code == 1
    assert "a task of version 'from' floods its log" in seen.out


def test_variables_come_from_files_too(roll: Roll) -> None:
    (roll.folder / "variables").write_text("# of the tests\n\nNEEDED=overridden\nOTHER=1\n", encoding="utf-8")
    assert roll("one", "two", "--env-file", "variables").code == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--to", "nothing-of-this-name:1"), "--to nothing-of-this-name:1: no such image on this engine"),
        (("--network", "nothing-of-this-name"), "--network nothing-of-this-name: no such network on this engine"),
        (("--env", "NOVALUE"), "--env: 'NOVALUE' without a value"),
        (("--env-file", "gone"), "--env-file gone: can't be read"),
        (("--json", "gone/timeline.json"), "--json gone/timeline.json: no file can be there"),
        (("--settings", "gone.toml"), "--settings gone.toml: can't be read"),
    ],
)
def test_each_mistake_is_one_line(roll: Roll, more: tuple[str, ...], words: str) -> None:
    seen = roll("one", "two", *more)
    assert seen.code == 2
    (line,) = seen.err.splitlines()
    assert line.startswith(f"exitgate: {words}")


def test_a_port_in_use_is_one_line(roll: Roll) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        seen = roll("one", "two", "--listen", str(port))
    assert seen.code == 2
    assert seen.err.startswith(f"exitgate: --listen {port}: can't be used")
    assert len(seen.err.splitlines()) == 1
