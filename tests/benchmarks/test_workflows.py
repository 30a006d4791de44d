"""120 workflows of every shape are read, modelled and followed; each is either understood or refused in one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.analyse_here import analyse
from benchmarks.workflow_samples import workflow_text
from exitgate.checks.pipeline import masked_failures, undecided
from exitgate.errors import ExitgateError
from exitgate.observe.verification import read_verification
from exitgate.observe.workflow import parse_workflow, read_workflows
from tests.observe.verification.repository import PATH
from tests.provision.repository import git

COUNT = 120
ACTION = "name: setup\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: npm run lint || true\n"


@pytest.mark.parametrize("start", range(0, COUNT, 20))
def test_each_is_read_and_modelled(start: int) -> None:
    texts = [workflow_text(number) for number in range(start, start + 20)]
    assert len(set(texts)) == 20
    for text in texts:
        workflow = parse_workflow(text, PATH)
        assert workflow.is_valid, (workflow.problems, text)
        assert "ci" in workflow.jobs
        analyse(workflow)


def test_each_is_followed_to_its_scripts(tmp_path: Path) -> None:
    files = {
        "package.json": json.dumps(
            {"scripts": {"test": "jest", "lint": "eslint .", "build": "tsc", "e2e": "playwright test"}}
        ),
        "tools/Makefile": "verify:\n\tnpx jest\n",
        ".github/actions/setup/action.yml": ACTION,
        ".github/workflows/other.yml": "on: workflow_call\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{run: npm test}]\n",
        PATH: "",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    followed, refusals = 0, list[str]()
    for number in range(COUNT // 2):
        (tmp_path / PATH).write_text(workflow_text(number))
        try:
            found = read_verification(tmp_path, read_workflows(tmp_path, (PATH,)), ("ci",))
        except ExitgateError as error:
            refusals.append(str(error))
            continue
        followed += 1
        masked_failures(found)
        undecided(found)
    assert [each for each in refusals if "\n" in each] == []
    assert followed > COUNT // 4


def test_the_same_number_gives_the_same_workflow() -> None:
    assert workflow_text(7, jobs=9) == workflow_text(7, jobs=9) != workflow_text(8, jobs=9)
