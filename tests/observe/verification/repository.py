"""Small repositories with a workflow of one job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from exitgate.observe.verification import Verification, read_verification
from exitgate.observe.workflow import read_workflows
from tests.provision.repository import git

PATH = ".github/workflows/ci.yml"


def workflow(*runs: str, keys: str = "", job: str = "", more: str = "") -> str:
    """Return a workflow whose only job, the required check, runs these scripts."""
    steps = "".join(f"      - run: {json.dumps(run)}\n{keys}" for run in runs)
    return f"on: pull_request\njobs:\n  ci:\n{job}    runs-on: ubuntu-24.04\n    steps:\n{steps}{more}"


def verification(folder: Path, text: str, files: Mapping[str, str] | None = None) -> Verification:
    """Commit a workflow and other files, and read what it verifies."""
    for path, content in {PATH: text, **(files or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return read_verification(folder, read_workflows(folder, (PATH,)), ("ci",))
