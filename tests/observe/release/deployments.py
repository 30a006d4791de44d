"""Targets that deploy, made up: a repository with workflows and scripts, and what is read of it."""

from __future__ import annotations

from pathlib import Path

from exitgate.checks.release import unguarded_paths
from exitgate.finding import Finding
from exitgate.observe.release import ReleasePaths, read_release_paths
from exitgate.observe.workflow import read_workflows
from exitgate.policy.release import ReleasePolicy
from exitgate.provision.git import git, succeeded

DEPLOY = ".github/workflows/deploy.yml"
LOCK = 'exitgate lock check gate3 --statement s.json --key "$KEY" --commit "$(git rev-parse HEAD)" "${images[@]}"'
HEAD = "on: workflow_dispatch\njobs:\n"
POLICY = ReleasePolicy.model_validate({"path": [{"workflow": DEPLOY, "job": "deploy"}]})


def repository(root: Path, files: dict[str, str]) -> Path:
    """Commit files, as git tracks them."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for words in (("init", "--quiet"), ("add", "--all")):
        succeeded(git(root, *words), root)
    return root


def job(name: str, *steps: str, head: str = "") -> str:
    """Return a job whose steps are given without their dash, one line or more each."""
    made = [f"      - {step}".replace("\n", "\n        ") for step in steps]
    inner = "".join(f"    {line}\n" for line in head.splitlines())
    return f"  {name}:\n    runs-on: ubuntu-24.04\n{inner}    steps:\n" + "\n".join(made) + "\n"


def read(root: Path, policy: ReleasePolicy | None = POLICY) -> ReleasePaths:
    """Read the paths of a repository, with the steps that the policy names."""
    named = {(each.workflow, each.job): each.steps for each in policy.path} if policy else {}
    return read_release_paths(root, read_workflows(root, ()), named)


def judged(root: Path, policy: ReleasePolicy | None = POLICY) -> list[Finding]:
    """Judge them."""
    return unguarded_paths(read(root, policy), policy, "gate3", "exitgate.toml:9")


def deploys(root: Path, *jobs: str, **files: str) -> list[Finding]:
    """Judge one workflow of these jobs; `files` are scripts below ``scripts/``."""
    scripts = {f"scripts/{name}": text for name, text in files.items()}
    return judged(repository(root, {DEPLOY: HEAD + "".join(jobs), **scripts}))
