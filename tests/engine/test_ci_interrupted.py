"""A run that ends while act runs the target's workflow beside a server: nothing of it is left, at the latest after a sweep."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exitgate.provision.engine import Engine
from exitgate.provision.sweep import leftovers
from exitgate.provision.workflow_run import find_nodes
from exitgate.waiting import wait_for

from .conftest import Small

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root"),
    pytest.mark.skipif(not find_nodes(), reason="no Node.js that any user reaches"),
]
CONFIGURATION = """
[target]
name = "hangs"
rehearsal = true
materialise = true

[pipeline]
workflows = [".github/workflows/ci.yml"]
rulesets = ["main.json"]
default_branch = "main"
package_manager = "npm"

[[backing]]
name = "postgres"
kind = "postgres"
image = "registry.invalid/postgres:1"
substitute = true

[policy.pipeline]
node_versions = ["20"]
merge_queue = false
lint_severity = "low"

[policy.pipeline.branches]
protected = ["main"]
start_ci = ["main"]
ignored = ["other"]

[[policy.pipeline.required_check]]
name = "ci"
app_id = 15368
"""
WORKFLOW = """\
on: {pull_request: {branches: [main]}}
jobs:
  ci:
    runs-on: ubuntu-24.04
    services:
      db:
        image: registry.invalid/postgres:1
        env: {POSTGRES_PASSWORD: secret}
        ports: ["5432:5432"]
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - name: Unit tests
        shell: bash
        run: (setsid sleep 311 &); touch "$TMPDIR/begun"; sleep 311
"""
RULESET = {
    "id": 1,
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"exclude": [], "include": ["refs/heads/main"]}},
    "rules": [
        {
            "type": "required_status_checks",
            "parameters": {
                "strict_required_status_checks_policy": True,
                "required_status_checks": [{"context": "ci", "integration_id": 15368}],
            },
        }
    ],
    "bypass_actors": [],
}


def begin(small: Small) -> tuple[subprocess.Popen[bytes], str]:
    """Start a run; return when its workflow's step runs, with the run's id."""
    root = small.path / "target"
    shutil.rmtree(root)
    for name, text in {
        "exitgate.toml": CONFIGURATION,
        ".github/workflows/ci.yml": WORKFLOW,
        "main.json": json.dumps(RULESET),
        "package.json": '{"name": "hangs", "scripts": {"test": "true"}}\n',
        "a.test.js": "\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "exitgate", "run", "gate3", "--gate-target", str(root), "--control", "3.1.C.1"]
    with (small.path / "output").open("wb") as output:
        process = subprocess.Popen(
            [*words, "--gate-report", str(small.path / "report"), "-n", "2"],
            cwd=small.path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _, there = wait_for(lambda: asleep() or process.poll() is not None, until=bool, timeout_s=90, interval_s=0.1)
    assert there
    assert process.poll() is None, (small.path / "output").read_text()
    return process, str(json.loads((small.path / "report/record.json").read_text(encoding="utf-8"))["run_id"])


def asleep() -> list[str]:
    """Return the processes of the workflow's step."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cmdline").read_bytes() == b"sleep\x00311\x00":
                found.append(entry.name)
        except OSError:
            continue
    return found


def left(engine: Engine, run_id: str) -> list[str]:
    return [f"{item.kind} {item.name}" for item in leftovers(engine) if item.run == run_id]


def test_after_sigterm_nothing_is_left(small: Small, engine: Engine) -> None:
    process, run_id = begin(small)
    assert {each.partition(" ")[0] for each in left(engine, run_id)} >= {"container", "folder"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(90) == 3
    assert asleep() == []
    assert left(engine, run_id) == []


def test_after_sigkill_a_sweep_leaves_nothing(small: Small, engine: Engine) -> None:
    process, run_id = begin(small)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert left(engine, run_id) != []
    swept = subprocess.run([sys.executable, "-m", "exitgate", "sweep"], capture_output=True, text=True, check=False)
    assert swept.returncode == 0, swept.stdout
    assert asleep() == []
    assert left(engine, run_id) == []
