"""What a job leaves, as the stand-in's own end lists it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from exitgate.errors import ObservationError
from exitgate.observe.workflow_run import parse_log
from exitgate.provision.confined import Bounds, Quarters
from exitgate.provision.scanner import find_act
from exitgate.provision.workflow_run import (
    Endings,
    JobEnding,
    LeftFile,
    Started,
    bring_in,
    find_nodes,
    note_endings,
    run_workflow,
)
from exitgate.provision.workflow_run.endings import ACTION
from exitgate.provision.workflow_run.stand_ins import stand_ins
from tests.provision.repository import git
from tests.provision.workflow_run.test_act import EVENT, TEXT, as_root, place
from tests.workflows import PATH, parsed

__all__ = ["place"]
REAL = """\
on: pull_request
jobs:
  ci:
    runs-on: ubuntu-24.04
    strategy: {fail-fast: false, matrix: {ends: [well, badly]}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: {node-version: "VERSION"}
      - shell: bash
        run: mkdir dist; echo 1 >dist/a.js; test ${{ matrix.ends }} = well
"""


@pytest.fixture
def endings(tmp_path: Path) -> Endings:
    return note_endings(Quarters(folder=tmp_path, user=os.getuid(), group=os.getgid()), ("apps/a/dist", "apps/b/dist"))


def end(action: Path, workspace: Path) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js")
    environment = {"GITHUB_WORKSPACE": str(workspace), "GITHUB_JOB": "verify"}
    done = subprocess.run([node, "post.js"], cwd=action, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_files_of_the_folders_are_listed_and_no_others(endings: Endings, tmp_path: Path) -> None:
    assert endings.write_action(tmp_path / "action") == f"{ACTION}={tmp_path / 'action'}"
    workspace = tmp_path / "workspace"
    for name in ("apps/a/dist/assets/index.js", "apps/a/dist/node_modules/x/index.js", "apps/a/src/main.ts"):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text("code")
    (workspace / "apps/a/dist/link.js").symlink_to(workspace / "apps/a/src/main.ts")
    assert end(tmp_path / "action", workspace) == ""
    digest = hashlib.sha256(b"code").hexdigest()
    (note,) = endings.read()
    assert note == JobEnding(
        job="verify", files=(LeftFile(path="apps/a/dist/assets/index.js", bytes=4, sha256=digest),)
    )


def test_an_end_that_can_t_be_noted_fails_nothing(endings: Endings, tmp_path: Path) -> None:
    endings.write_action(tmp_path / "action")
    shutil.rmtree(endings.store)
    (tmp_path / "workspace").mkdir()
    assert "can't be listed" in end(tmp_path / "action", tmp_path / "workspace")


@pytest.mark.parametrize("text", ["", "[]", '{"job": "a"}', '{"job": "a", "files": {"x": {"size": 1}}}'])
def test_a_note_that_can_t_be_read_is_an_error(text: str, endings: Endings) -> None:
    (endings.store / "a.json").write_text(text)
    with pytest.raises(ObservationError, match="a note that can't be read"):
        list(endings.read())


def test_whoever_sets_up_node_js_notes_the_end_where_that_is_asked_for(endings: Endings, tmp_path: Path) -> None:
    steps = parsed(TEXT).jobs["ci"].steps
    plain = stand_ins(steps, tmp_path / "plain", {})
    noted = stand_ins(steps, tmp_path / "noted", {}, endings=endings)
    assert len(noted) == len(plain) + 1
    assert noted[-1].startswith(f"{ACTION}=")
    actions = [Path(each[0].partition("=")[2], "action.yml").read_text(encoding="utf-8") for each in (plain, noted)]
    used = [[step.get("uses") for step in yaml.safe_load(text)["runs"]["steps"]] for text in actions]
    assert used == [[None], [None, ACTION]]


@as_root
def test_act_itself_comes_to_the_end_of_each_leg_and_a_failing_one_s_too(place: Quarters) -> None:
    installed = find_nodes()
    if not installed:
        pytest.skip("no Node.js that any user reaches")
    wanted = ".".join(map(str, installed[0].version))
    text = REAL.replace("VERSION", wanted)
    clone = place.folder / "clone"
    (clone / PATH).parent.mkdir(parents=True)
    (clone / PATH).write_text(text)
    git(clone, "init", "--quiet", "--initial-branch=main")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=first")
    commit = git(clone, "rev-parse", "HEAD")
    place.hand_over(clone)
    workflow = parsed(text)
    noted = note_endings(place, ("dist",))
    ended = run_workflow(
        find_act(),
        place,
        clone,
        workflow,
        Started(event=EVENT, base=commit, head=commit, merge=commit),
        steps=workflow.jobs["ci"].steps,
        nodes=bring_in({wanted: installed[0]}, place.folder),
        bounds=Bounds(seconds=120, disk_bytes=10**9),
        endings=noted,
    )
    legs = {leg.matrix["ends"]: leg for leg in parse_log(ended.output).of("ci")}
    assert legs["well"].failing is None
    assert legs["badly"].failing is not None
    assert legs["badly"].failing.key == "2"
    assert [(each.job, [file.path for file in each.files]) for each in noted.read()] == [("ci", ["dist/a.js"])] * 2
