"""A tiny gate and a tiny target, on which the plugin is tried as users run it: in a pytest process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exitgate.provision.clone import commit_everything
from exitgate.provision.git import git

GATE = """
schema_version = 1
[gate]
id = "tiny"
title = "A tiny gate"
summary = "For tests."
[[criterion]]
id = "first"
task = "1.1"
title = "The first criterion"
module = "test_first.py"
[[criterion]]
id = "second"
task = "1.2"
title = "The second criterion"
module = "test_second.py"
[[control]]
id = "1.1.A.1"
criterion = "first"
dimension = "A"
title = "A rule"
rationale = "It matters."
remediation = "Do it."
[[control.check]]
id = "rule"
subject = "target"
needs = "declared"
says = "There is a rule."
[[control]]
id = "1.2.B.1"
criterion = "second"
dimension = "B"
title = "Each service"
rationale = "It matters."
remediation = "Do it."
[[control.check]]
id = "each"
subject = "workload"
needs = "declared"
says = "Each service is fine."
"""

TARGET = """
[target]
name = "tiny-target"
"""

SERVICE = """
[[service]]
name = "{name}"
path = "."
dockerfile = "Dockerfile"
port = 3000
task_definition = "task.json"
"""

RULE = 'assert target.name == "tiny-target"'
FIRST = f"""
import pytest

@pytest.mark.check("1.1.A.1", "rule")
def test_rule(target):
    {RULE}
"""

EACH = "assert workload.port == 3000"
SECOND = f"""
import pytest

@pytest.mark.check("1.2.B.1", "each")
def test_each(workload):
    {EACH}
"""

WaysToRun = pytest.mark.parametrize("workers", ["0", "2"])
NOT_PASSED = 10
"""How pytest ends where the gate was not passed."""


@dataclass(frozen=True)
class Tiny:
    """A folder with a gate and a target in it."""

    path: Path

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a run, on the target as it stands now."""
        target = self.path / "reference"
        if git(target, "status", "--porcelain").stdout:
            commit_everything(target, "as it stands")
        return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "gates/tiny", *arguments]

    def environment(self) -> dict[str, str]:
        """Return an environment in which temporary folders are this test's own."""
        (self.path / "tmp").mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        return {**kept, "TMPDIR": str(self.path / "tmp")}

    def run(self, *arguments: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        """Run the gate to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the gate, and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A shell starts background jobs with it ignored, and so every test in them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs here
            text=True,
        )

    def record(self, report: str = "reports/tiny") -> dict[str, Any]:
        """Return the record that the last run wrote."""
        return json.loads((self.path / report / "record.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    def statuses(self, report: str = "reports/tiny") -> dict[str, str]:
        """Return ``{"control check subject": status}``."""
        return {
            f"{control['id']} {check['id']} {check['subject']}": check["status"]
            for control in self.record(report)["controls"]
            for check in control["checks"]
        }

    def leftovers(self) -> list[Path]:
        """Return the folders that runs left behind."""
        return sorted((self.path / "tmp").glob("exitgate-*"))


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A gate of two controls, and a target with the services a and b, on which everything is met."""
    made = Tiny(tmp_path)
    made.write("pytest.ini", "[pytest]\n")
    made.write("conftest.py", 'pytest_plugins = ["exitgate.fixtures"]\n')
    made.write("gates/tiny/gate.toml", GATE)
    made.write("gates/tiny/test_first.py", FIRST)
    made.write("gates/tiny/test_second.py", SECOND)
    made.write("reference/Dockerfile", "FROM scratch\n")
    made.write("reference/task.json", '{"family": "f", "containerDefinitions": [{"name": "a", "image": "a"}]}')
    made.write("reference/exitgate.toml", TARGET + SERVICE.format(name="a") + SERVICE.format(name="b"))
    git(made.path / "reference", "init", "--quiet")
    return made


@pytest.fixture
def with_target(tiny: Tiny) -> Callable[[str], None]:
    """Append to the target's exitgate.toml."""

    def append(text: str) -> None:
        path = tiny.path / "reference/exitgate.toml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return append
