"""A target's own step that asks the lock, run for real: a sound one, broken ones, and those of which nothing can be said."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from exitgate.attestation import trials
from exitgate.attestation.specimens import specimens
from exitgate.attestation.trials import try_lock
from exitgate.checks.release import lenient_locks, stuck_locks
from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observe.release import LockTrials
from exitgate.observe.workflow import read_workflows
from exitgate.provision.git import git, succeeded
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.run import Run
from exitgate.target import Configuration, Target
from tests.observe.release.deployments import DEPLOY, HEAD, job, read, repository

SCRIPT = """\
name: Lock
run: |
  images=$(sed -E 's/[{}" ]//g; s/([a-z-]+):/--image=\\1=/g; s/,/ /g' images.json)
  exitgate lock check gate3 --statement statement.dsse.json --key "$KEY" --commit "$(git rev-parse HEAD)" $images
env:
  KEY: ${{ vars.GATE3_PUBLIC_KEY }}"""
PAYLOAD = r"""sed 's/.*"payload":"\([^"]*\)".*/\1/' statement.dsse.json | base64 -d"""
COMMIT_OF_THE_STATEMENT = f"""$({PAYLOAD} | grep -o '"gitCommit":"[0-9a-f]*' | cut -c14-)"""
WORKLOAD = {"name": "orders", "path": ".", "dockerfile": "Dockerfile", "port": 80, "task_definition": "task.json"}
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")


@pytest.fixture
def two_specimens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try the pass and one that is none, where more would show no more."""
    monkeypatch.setattr(trials, "specimens", lambda *given: specimens(*given)[:2])


def tried(folder: Path, step: str) -> LockTrials:
    """Try a lock that is asked by a step of a workflow."""
    root = repository(folder / "target", {DEPLOY: HEAD + job("deploy", step, head="defaults: {run: {shell: bash}}")})
    succeeded(git(root, "commit", "--quiet", "-m", "x"), root)
    configuration = Configuration.model_validate({"target": {"name": "shop"}, "service": [WORKLOAD]})
    target = Target(directory=root, configuration=configuration, source="")
    scratch = folder / "scratch"
    scratch.mkdir()
    run = Run(
        id=new_run_id(),
        owner=str(Owner.of_this_process()),
        scratch=str(scratch),
        report_directory=str(folder / "report"),
        gate_directory="",
        clone=str(root),
        commit="",
    )
    assert read_workflows(root, ()).all[DEPLOY].is_valid
    return try_lock(
        target,
        "gate3",
        read(root, None).asking,
        run,
        EvidenceFolder(folder / "report"),
        datetime.datetime.now(datetime.UTC),
    )


def test_a_sound_step_opens_for_the_passed_alone(tmp_path: Path) -> None:
    found = tried(tmp_path, SCRIPT)
    assert lenient_locks(found) == stuck_locks(found) == []
    (trial,) = found.trials
    assert [each.case for each in trial.answers if each.opened] == ["a pass of exactly what is released"]
    assert (tmp_path / "report" / found.evidence[0].path).read_text().count("exit 1;") == len(trial.answers) - 1


@pytest.mark.usefixtures("two_specimens")
@pytest.mark.parametrize(
    "wrap", ["pipx run --spec exitgate==9 exitgate", "uvx --from exitgate==9 exitgate", "python3 -m exitgate"]
)
def test_what_would_fetch_exitgate_asks_this_one(tmp_path: Path, wrap: str) -> None:
    found = tried(tmp_path, SCRIPT.replace("exitgate lock", f"{wrap} lock"))
    assert lenient_locks(found) == stuck_locks(found) == []


@pytest.mark.usefixtures("two_specimens")
def test_a_step_that_goes_by_the_statement_opens_for_another_commit(tmp_path: Path) -> None:
    found = tried(tmp_path, SCRIPT.replace("$(git rev-parse HEAD)", COMMIT_OF_THE_STATEMENT))
    assert [each.message for each in lenient_locks(found)] == ["'Lock' opens the way for a statement on another commit"]


@pytest.mark.usefixtures("two_specimens")
def test_a_step_that_asks_for_too_little_stays_closed(tmp_path: Path) -> None:
    found = tried(tmp_path, SCRIPT.replace("rev-parse HEAD", "rev-parse --short HEAD"))
    (finding,) = stuck_locks(found)
    assert "a full commit id" in finding.got


def test_a_step_that_is_told_more_than_the_key_is_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"secrets\.token.*not known here"):
        tried(tmp_path, f"{SCRIPT}\n  TOKEN: ${{{{ secrets.TOKEN }}}}")


def test_a_target_whose_workflows_never_ask_is_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no step that asks the lock"):
        tried(tmp_path, "run: echo")


def test_a_link_that_leads_out_is_told_from_words_that_are_no_path(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc/passwd")
    assert trials._leads_out(tmp_path / "out", tmp_path)
    assert not trials._leads_out(tmp_path / "nothing", tmp_path)
    assert not trials._leads_out(tmp_path / ("a" * 5000), tmp_path)


@pytest.mark.usefixtures("two_specimens")
def test_the_lock_is_asked_nothing_about_files_outside(tmp_path: Path) -> None:
    found = tried(tmp_path, SCRIPT.replace("--statement statement.dsse.json", "--statement /etc/passwd"))
    assert all(each.said.startswith("not asked") and not each.opened for each in found.trials[0].answers)
