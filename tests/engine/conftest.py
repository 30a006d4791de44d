"""A target of one small service, on which real runs with real containers are tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.backing import servers
from exitgate.provision.database_server import of_the_run
from exitgate.provision.databases import Databases, throwaway_databases
from exitgate.provision.engine import Engine, connect, engine_address, find_builder
from exitgate.provision.sweep import of_run, remove
from exitgate.target import Backing
from tests.runs import run_in

CONFIGURATION = """
[target]
name = "small"
rehearsal = true
materialise = true

[[service]]
name = "echo"
path = "."
dockerfile = "Dockerfile"
port = 3000
task_definition = "task.json"
start_timeout_s = 4

[substitute.RUNTIME_IMAGE]
kind = "node-runtime"

[policy.containers]
uid_range = [10000, 65535]
gid_range = [10000, 65535]

[[policy.containers.base_image]]
repository = "registry.invalid/nodejs"
tag = "1"
digests = ["sha256:0000000000000000000000000000000000000000000000000000000000000001"]
"""

DOCKERFILE = """ARG RUNTIME_IMAGE=registry.invalid/nodejs:1@sha256:0000000000000000000000000000000000000000000000000000000000000001
FROM scratch AS files
COPY server.mjs health.cjs /app/
FROM ${RUNTIME_IMAGE}
COPY --from=files /app /app
USER 10001:10001
HEALTHCHECK CMD ["/nodejs/bin/node", "/app/health.cjs"]
ENTRYPOINT ["/nodejs/bin/node", "/app/server.mjs"]
"""

SERVER = """
import http from "node:http";
const server = http.createServer((request, response) => response.end("ok")).listen(3000);
process.on("SIGTERM", () => { server.close(); server.closeAllConnections(); });
"""

HEALTH = """
const url = "http://127.0.0.1:3000/healthz";
const request = require("node:http").get(url, { timeout: 800 }, (r) => process.exit(r.statusCode === 200 ? 0 : 1));
request.on("timeout", () => process.exit(1)).on("error", () => process.exit(1));
"""

TASK = {
    "family": "echo",
    "containerDefinitions": [
        {
            "name": "echo",
            "image": "echo",
            "user": "10001:10001",
            "readonlyRootFilesystem": True,
            "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
            "healthCheck": {
                "command": ["CMD", "/nodejs/bin/node", "/app/health.cjs"],
                "interval": 5,
                "timeout": 2,
                "retries": 2,
            },
            "stopTimeout": 5,
        }
    ],
}


CONTROLS = ("3.2.A.1", "3.2.A.2", "3.2.B.1.1", "3.2.B.2.1", "3.2.B.2.2", "3.2.B.2.3", "3.2.C.1", "3.2.C.3")
DEAR = ("3.2.B.1.1:stages-differ", "3.2.C.1:reproducible")


@dataclass(frozen=True)
class Small:
    """A folder with the target in it, and a way to run the gate on it."""

    path: Path

    def write(self, name: str, text: str) -> None:
        """Write a file of the target."""
        (self.path / "target" / name).write_text(text, encoding="utf-8")

    def command(self, *arguments: str, report: str = "report") -> list[str]:
        """Return the command line of a run on the controls that look at containers, but for what takes minutes."""
        own = ["run", "gate3", "--gate-target", str(self.path / "target")]
        own += [word for control in CONTROLS for word in ("--control", control)]
        own += [word for check in DEAR for word in ("--without", check)]
        return [sys.executable, "-m", "exitgate", *own, "--gate-report", str(self.path / report), "-n", "0", *arguments]

    def run(
        self, *arguments: str, environment: dict[str, str] | None = None, report: str = "report"
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            self.command(*arguments, report=report),
            env={**os.environ, **(environment or {})},
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def checks(self, report: str = "report") -> dict[str, dict[str, Any]]:
        """Return ``{"control check": entry}`` of the criterion, but for checks that were left out."""
        record = json.loads((self.path / report / "record.json").read_text(encoding="utf-8"))
        return {
            f"{control['id']} {check['id']}": check
            for control in record["controls"]
            for check in control["checks"]
            if control["criterion"] == "containers" and "deselected" not in check["message"]
        }


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """The target, on which every check of these controls is met."""
    made = Small(tmp_path)
    (tmp_path / "target").mkdir()
    for name, text in (
        ("exitgate.toml", CONFIGURATION),
        ("Dockerfile", DOCKERFILE),
        ("server.mjs", SERVER),
        ("health.cjs", HEALTH),
        ("task.json", json.dumps(TASK, indent=1)),
    ):
        made.write(name, text)
    return made


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine that answers; without one these tests have nothing to stand on."""
    try:
        with connect(engine_address(os.environ)) as connected:
            yield connected
    except PrerequisiteMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def databases(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A maker of databases on a server of the module's own."""
    run = run_in(tmp_path_factory.mktemp("run"))
    declared = Backing(name="measured", kind="postgres", image="registry.invalid/postgres:1", substitute=True)
    try:
        server = servers(engine, find_builder(), run, [declared], frozenset({"measured"}))["measured"]
        with throwaway_databases(of_the_run(server), run, "shop") as made:
            yield made
    finally:
        remove(of_run(engine, run.id))
