"""Where a front end's bundle may be, and what of a run's ends counts as it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.workflow import read_workflows
from exitgate.observe.workflow_run import folders_of, frontend_build, output_folders
from exitgate.provision.workflow_run import JobEnding, LeftFile
from exitgate.target import Frontend
from tests.observe.workflow_run.test_changes import PATH, SOUND, lab_of
from tests.provision.repository import git

USUAL = ("dist/apps/a", "apps/a/dist", "apps/a/build", "apps/a/public")
NODE = "    steps:\n      - uses: actions/setup-node@v4\n"


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        ({}, USUAL),
        ({"nx.json": {"targetDefaults": {"build": {"outputs": ["{projectRoot}/dist"]}}}}, ("apps/a/dist",)),
        ({"nx.json": [], "apps/a/package.json": {"nx": {"targets": {"build": {"outputs": []}}}}}, ()),
        (
            {
                "nx.json": {"targetDefaults": {"build": {"outputs": ["{projectRoot}/dist"]}}},
                "apps/a/project.json": {
                    "targets": {
                        "build": {
                            "outputs": [
                                "{options.outputPath}",
                                "{workspaceRoot}/out/{projectName}/*.js",
                                "{options.no}",
                            ],
                            "options": {"outputPath": "dist/apps/a"},
                        }
                    }
                },
                "apps/a/package.json": {"name": "@shop/a"},
            },
            ("dist/apps/a", "out/@shop/a"),
        ),
        (
            {"apps/a/package.json": {"nx": {"targets": {"build": {"outputs": ["../elsewhere", "{projectRoot}/o"]}}}}},
            ("apps/a/o",),
        ),
    ],
)
def test_outputs_are_those_that_nx_is_told_of_or_the_usual_ones(
    files: dict[str, object], folders: tuple[str, ...], tmp_path: Path
) -> None:
    for name, said in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(said))
    assert output_folders(tmp_path, "apps/a") == folders
    frontend = Frontend(name="a", path="apps/a")
    assert folders_of(tmp_path, (frontend, frontend)) == folders


def left(*paths: str) -> JobEnding:
    return JobEnding(job="verify", files=tuple(LeftFile(path=each, bytes=1, sha256="a") for each in paths))


def test_what_is_committed_or_lies_elsewhere_is_no_bundle(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND) as (lab, _):
        baseline = lab.observed(lab.sound(("apps/shop",)), asked=0)
        # The small runner knows no actions, so what it ran is told by a workflow that has one.
        (lab.source / PATH).write_text(
            SOUND.replace("    steps:\n      - name: Install", f"{NODE}      - name: Install")
        )
        (lab.source / "apps/shop/dist").mkdir()
        (lab.source / "apps/shop/dist/old.js").write_text("")
        git(lab.source, "add", "--all")
        lab.workflows = read_workflows(lab.source, (PATH,))
        files = left("apps/shop/dist/old.js", "apps/shop/dist/new.js", "libs/kit/dist/x.js")
        lab.endings[baseline.control.aim] = (files,)
        found = frontend_build(lab, baseline, Frontend(name="shop", path="apps/shop"), "shop")
    assert (found.legs, found.told) == (1, ())
    assert [file.path for each in found.endings for file in each.files] == ["apps/shop/dist/new.js"]


def test_without_the_usual_action_nothing_is_known(tmp_path: Path) -> None:
    with lab_of(tmp_path, SOUND) as (lab, _):
        baseline = lab.observed(lab.sound(("apps/shop",)), asked=0)
        with pytest.raises(PrerequisiteMissing, match=r"no job that sets up Node\.js by actions/setup-node"):
            frontend_build(lab, baseline, Frontend(name="shop", path="apps/shop"), "shop")
