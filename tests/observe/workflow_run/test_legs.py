"""Under which Node.js the legs of a matrix ran a failing test, read from act's log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.checks.pipeline import foreign_versions
from exitgate.errors import PrerequisiteMissing
from exitgate.github.events import Event
from exitgate.observe.workflow import Workflows, read_workflows
from exitgate.observe.workflow_run import matrix_versions, node_trials, parse_log, reported
from tests.checks.pipeline.trials import trial, trials
from tests.observe.workflow_run.logs import end, log, output, step
from tests.workflows import PATH

PULL = Event(name="pull_request", branch="main", action="opened", fork=False)
SAYS = "fails on Node.js "
TEXT = """\
on: pull_request
jobs:
  verify:
    name: verify on ${{ matrix.node }}
    strategy: {matrix: {node: ["20", "22"]}}
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/setup-node@v6
        with: {node-version: "${{ matrix.node }}"}
      - run: npx nx affected -t test
"""


def workflows(folder: Path, text: str) -> Workflows:
    (folder / PATH).parent.mkdir(parents=True, exist_ok=True)
    (folder / PATH).write_text(text)
    return read_workflows(folder, (PATH,))


def told(version: str, said: str) -> list[str]:
    leg = {"node": version}
    words = [output("verify", "1", f"Error: {SAYS}{said}", leg)] if said else []
    return [
        step("verify", "0", "Set up", "success", leg),
        *words,
        step("verify", "1", "Unit tests", "failure", leg),
        end("verify", "failure", leg),
    ]


@pytest.mark.parametrize(
    ("second", "seen"),
    [("v22.1.0", [("22.1.0",)]), ("v20.3.1", [("20.3.1",)]), ("", [()])],
    ids=["own", "other", "none"],
)
def test_each_leg_is_told_by_its_own_words(second: str, seen: list[tuple[str, ...]], tmp_path: Path) -> None:
    files = workflows(tmp_path, TEXT)
    run = reported(parse_log(log(*told("22", second), *told("20", "v20.3.1"))), files.all[PATH], PULL)
    everywhere = trials(replace(trial("unit-test", merged=False), runs=(run,)))
    found = node_trials(everywhere, files, PULL, SAYS)
    assert [(leg.name, leg.wanted, leg.place) for leg in found.legs] == [
        ("verify on 20", "20", f"{PATH}:10"),
        ("verify on 22", "22", f"{PATH}:10"),
    ]
    assert [leg.seen for leg in found.legs] == [("20.3.1",), *seen]
    assert len(foreign_versions(found)) == (second != "v22.1.0")


def test_versions_of_the_matrix_are_told_and_one_alone_is_none(tmp_path: Path) -> None:
    assert matrix_versions(workflows(tmp_path, TEXT), PULL) == ("20", "22")
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.B\.1\.2"):
        matrix_versions(workflows(tmp_path, TEXT.replace('["20", "22"]', '["20"]')), PULL)
