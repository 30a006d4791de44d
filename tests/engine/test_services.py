"""Services that work, never start, flood their log, or find their port taken: each a clear line, none a traceback."""

from __future__ import annotations

import json

import pytest

from exitgate.provision.engine import Engine
from exitgate.provision.sweep import leftovers

from .conftest import DOCKERFILE, SERVER, TASK, Small

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.usefixtures("engine")]


def test_a_sound_service_meets_every_check_and_leaves_nothing(small: Small, engine: Engine) -> None:
    done = small.run()
    assert done.returncode == 3, done.stdout + done.stderr
    checks = small.checks()
    assert {check["status"] for check in checks.values()} == {"met"}, checks
    assert len(checks) == 25
    assert [item for item in leftovers(engine) if item.is_orphaned] == []
    assert {check["assurance"] for name, check in checks.items() if "every-process" in name} == {"executed"}


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ('console.error("no configuration"); process.exit(78);', "exit code 78; its log says: no configuration"),
        ("setInterval(() => {}, 1000);", "no 2xx from /healthz on port 3000 within 4 s"),
        (
            SERVER
            + "\n"
            + SERVER.replace("const server", "const second")
            .replace("import http", "// import http")
            .replace("server.close", "second.close")
            .replace("server.closeAll", "second.closeAll"),
            "EADDRINUSE",
        ),
        (SERVER.replace('response.end("ok")', "response.writeHead(500).end()"), "status 500"),
    ],
    ids=["never starts", "never listens", "port in use", "answers 500"],
)
def test_a_service_that_does_not_answer_is_not_met_with_the_reason(small: Small, server: str, words: str) -> None:
    small.write("server.mjs", server)
    done = small.run()
    assert done.returncode == 1
    finding = small.checks()["3.2.B.2.2 works-confined"]["findings"][0]
    assert words in finding["got"]
    assert "Traceback" not in done.stdout + done.stderr
    assert small.checks()["3.2.B.2.3 goes-healthy"]["message"].startswith("blocked by 3.2.B.2.2")


def test_a_service_that_floods_its_log_is_judged_all_the_same(small: Small) -> None:
    small.write(
        "server.mjs",
        SERVER + '\nsetInterval(() => { for (let i = 0; i < 200; i++) console.log("x".repeat(500)); }, 5);',
    )
    assert small.run().returncode == 3
    assert {check["status"] for check in small.checks().values()} == {"met"}
    assert sum(file.stat().st_size for file in (small.path / "report/evidence").iterdir()) < 1_000_000


def test_an_image_that_does_not_build_blocks_what_depends_on_it(small: Small) -> None:
    small.write("Dockerfile", DOCKERFILE + "COPY nowhere.txt /\n")
    assert small.run().returncode == 1
    checks = small.checks()
    assert checks["3.2.C.1 builds"]["status"] == "not_met"
    assert checks["3.2.C.1 builds"]["findings"][0]["location"] == "Dockerfile:9"
    assert checks["3.2.B.2.1 every-process"]["message"].startswith("blocked by 3.2.C.1")
    assert checks["3.2.B.2.2 drops-all"]["status"] == "met"


def test_a_base_image_that_cannot_be_had_is_not_assessed(small: Small) -> None:
    small.write(
        "exitgate.toml",
        (small.path / "target/exitgate.toml")
        .read_text(encoding="utf-8")
        .replace('[substitute.RUNTIME_IMAGE]\nkind = "node-runtime"\n', ""),
    )
    assert small.run().returncode == 3
    message = small.checks()["3.2.C.1 builds"]["message"]
    assert small.checks()["3.2.C.1 builds"]["status"] == "not_assessed"
    assert "registry.invalid/nodejs:1@sha256:" in message
    assert "can't be pulled" in message


def test_a_task_definition_without_the_container_is_one_clear_error(small: Small) -> None:
    small.write("task.json", json.dumps({**TASK, "containerDefinitions": [{"name": "other", "image": "x"}]}))
    assert small.run().returncode == 3
    check = small.checks()["3.2.B.2.2 drops-all"]
    assert check["status"] == "error"
    assert "task.json: containers other; expected exactly one named 'echo'" in check["message"]


def _checked_by(small: Small, code: str) -> None:
    task = json.loads(json.dumps(TASK))
    task["containerDefinitions"][0]["healthCheck"]["command"] = ["CMD", "/nodejs/bin/node", "-e", code]
    small.write("task.json", json.dumps(task, indent=1))


def test_a_health_check_that_says_now_this_and_now_that_is_not_met(small: Small) -> None:
    in_turns = (
        "let turn = 0; http.createServer((_, answer) => answer.writeHead(turn++ % 3 ? 200 : 500).end()).listen(3001);"
    )
    small.write("server.mjs", f"{SERVER}\n{in_turns}")
    _checked_by(small, "fetch('http://127.0.0.1:3001/').then((answer) => process.exit(answer.ok ? 0 : 1))")
    assert small.run().returncode == 1
    check = small.checks()["3.2.B.2.3 goes-healthy"]
    assert check["status"] == "not_met"
    assert "while it worked" in check["findings"][0]["message"]


def test_a_read_only_volume_is_one_to_the_workload_too(small: Small) -> None:
    task = json.loads(json.dumps(TASK))
    task["volumes"] = [{"name": "v"}]
    points = [{"sourceVolume": "v", "containerPath": "/v", "readOnly": True}]
    task["containerDefinitions"][0]["mountPoints"] = points
    small.write("task.json", json.dumps(task, indent=1))
    small.write(
        "server.mjs",
        SERVER + 'import fs from "node:fs"; try { fs.mkdirSync("/v/x"); } catch (e) { console.log(e.code); }',
    )
    assert small.run().returncode == 3
    assert {check["status"] for check in small.checks().values()} == {"met"}
    (life,) = [file for file in (small.path / "report/evidence").iterdir() if "life" in file.name]
    assert "EROFS" in life.read_text(encoding="utf-8")


def test_a_setuid_file_behind_one_that_nobody_reaches_is_tried_too(small: Small) -> None:
    script = (
        "for (const p of ['/a/x', '/b/x']) { fs.mkdirSync(p.slice(0, 2)); fs.copyFileSync('/nodejs/bin/node', p); "
        "fs.chmodSync(p, 0o4755); } fs.chmodSync('/a', 0o700)"
    )
    copy = json.dumps(["/nodejs/bin/node", "-e", f"const fs = require('fs'); {script}"])
    small.write("Dockerfile", DOCKERFILE.replace("USER", f"USER 0\nRUN {copy}\nUSER", 1))
    assert small.run().returncode == 1
    findings = small.checks()["3.2.C.3 privilege-escalation"]["findings"]
    assert [finding["location"] for finding in findings] == ["image:/b/x"]


def test_without_a_system_call_filter_what_is_granted_is_not_met_and_no_error(small: Small) -> None:
    task = json.loads(json.dumps(TASK))
    task["containerDefinitions"][0]["dockerSecurityOptions"] = ["seccomp:unconfined"]
    small.write("task.json", json.dumps(task, indent=1))
    assert small.run().returncode == 1
    checks = small.checks()
    assert checks["3.2.B.2.2 seccomp"]["status"] == "not_met"
    assert checks["3.2.A.2 added-capabilities"]["status"] == "not_met"
    assert checks["3.2.C.3 privilege-escalation"]["status"] == "met"


def test_a_container_that_nobody_describes_is_named_as_not_looked_into(small: Small) -> None:
    agent = {"name": "agent", "image": "agent", "essential": False}
    small.write("task.json", json.dumps({**TASK, "containerDefinitions": [*TASK["containerDefinitions"], agent]}))
    small.run()
    checks = small.checks()
    for name in ("3.2.B.2.1 every-process", "3.2.C.3 raw-socket"):
        assert checks[name]["status"] == "met"
        assert any(
            "container agent of the same task definition is not run" in limit for limit in checks[name]["limits"]
        )
