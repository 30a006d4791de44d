"""Workflows are read with their places; what GitHub would refuse is one clear line; nothing crashes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.events import Event, contexts_of, starts
from exitgate.github.matrix import check_names
from exitgate.github.outcomes import Result, endings_of
from exitgate.github.producers import producers
from exitgate.observe.workflow import parse_action, parse_workflow, read_ruleset, read_workflows, refuse_unrunnable

PATH = ".github/workflows/ci.yml"
SOUND = """\
name: CI
on:
  pull_request:
    branches: &protected [main, "release/*"]
  push:
    branches: *protected
defaults:
  run:
    shell: bash
jobs:
  test:
    runs-on: ubuntu-24.04
    strategy:
      matrix:
        node: [20, 22]
        include:
          - node: 24
            experimental: true
        exclude:
          - node: 20
    steps:
      - name: Test
        run: |
          npm ci
          npm test
  ci:
    if: always()
    needs: test
    runs-on: ubuntu-24.04
    steps:
      - run: exit 0
"""


def test_everything_keeps_its_place() -> None:
    workflow = parse_workflow(SOUND, PATH)
    assert workflow.problems == ()
    assert set(workflow.triggers) == {"pull_request", "push"}
    job = workflow.jobs["test"]
    step = job.steps[0]
    assert (step.shell, step.title, job.place) == ("bash", "Test", f"{PATH}:11")
    assert step.run is not None
    assert SOUND.splitlines()[step.run.first_line - 1].strip() == "npm ci"
    assert workflow.jobs["ci"].needed == ("test",)
    assert workflow.ancestors(workflow.jobs["ci"]) == ("test",)


def test_matrix_names_are_expanded() -> None:
    workflow = parse_workflow(SOUND, PATH)
    event = Event(name="pull_request", branch="main", action="opened")
    assert check_names(workflow.jobs["test"], contexts_of(event, workflow)) == ("test (22)", "test (24, true)")
    assert starts(workflow, event)
    assert not starts(workflow, Event(name="push", branch="release/1/a"))
    names = [each.name for each in producers([workflow], event, {})[0]]
    assert names == ["test (22)", "test (24, true)", "ci"]


@pytest.mark.parametrize(
    ("on", "events"),
    [
        ("push", {"push"}),
        ("[push, pull_request]", {"push", "pull_request"}),
        ("{push: , merge_group: {types: [checks_requested]}}", {"push", "merge_group"}),
        ("\n  - push", {"push"}),
    ],
)
def test_every_form_of_on_is_read(on: str, events: set[str]) -> None:
    text = f"on: {on}\njobs: {{a: {{runs-on: x, steps: [run: a]}}}}\n"
    workflow = parse_workflow(text, PATH)
    assert workflow.problems == ()
    assert set(workflow.triggers) == events


JOB = "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: a\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "an empty file"),
        ("- a\n", 1, "no mapping"),
        ("on: push\n  jobs: a\n", 2, "no YAML"),
        ("on: push\njobs: [\n", 3, "no YAML"),
        ("on: push\n", 1, "no jobs"),
        (JOB, 1, "no `on`"),
        (f"on: push\n{JOB}    needs: a\n", 7, "a cycle in needs: a needs a"),
        (f"on: push\n{JOB}    needs: [b]\n", 7, "needs 'b', which is not there"),
        (f"on: push\n{JOB}    need: [b]\n", 7, "an unknown key of a job, 'need'"),
        (f"on: push\n{JOB}  a:\n    runs-on: x\n", 7, "'a' for the second time"),
        (f"on: push\n{JOB}    if: a ==\n", 7, "a condition with"),
        (f"on: push\n{JOB}    <<: {{}}\n", 7, "a merge key"),
        (f"on: {{push: {{branches: ['[']}}}}\n{JOB}", 1, "the filter '['"),
        (f"on: {{push: {{branches: [a], branches-ignore: [b]}}}}\n{JOB}", 1, "branches and branches-ignore"),
        ("on: push\njobs:\n  a:\n    steps:\n      - run: a\n", 3, "without runs-on"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - name: a\n", 6, "without uses or run"),
        (f"on: push\n{JOB}    env: !x {{}}\n", 7, "the tag"),
        (f"on: push\n{JOB}    permissions: all\n", 7, "permissions: all"),
    ],
)
def test_what_github_would_refuse_is_one_clear_line(text: str, line: int, words: str) -> None:
    problem = parse_workflow(text, PATH).problems[0]
    assert problem.place == f"{PATH}:{line}"
    assert words in problem.got
    assert problem.expected


def test_aliases_that_multiply_and_an_anchor_in_itself_are_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for one, two in itertools.pairwise("abcdefgh"):
        bomb += f"{two}: &{two} [{', '.join([f'*{one}'] * 10)}]\n"
    assert "multiply" in parse_workflow(bomb, PATH).problems[0].got
    assert "its own alias" in parse_workflow("a: &a [*a]\n", PATH).problems[0].got


def test_nothing_can_be_said_of_workflows_that_are_not_there_or_not_valid(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing) as caught:
        refuse_unrunnable(read_workflows(tmp_path, (PATH,)))
    assert caught.value.blocked_by == "3.1.B.1.1"
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / PATH).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ObservationError, match="UTF-8"):
        read_workflows(tmp_path, (PATH,))
    (tmp_path / PATH).write_text("on: push\n", encoding="utf-8")
    with pytest.raises(PrerequisiteMissing, match="no jobs"):
        refuse_unrunnable(read_workflows(tmp_path, (PATH,)))


def test_composite_actions_are_unfolded(tmp_path: Path) -> None:
    action = "runs:\n  using: composite\n  steps:\n    - run: npm ci\n      shell: bash\n"
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./.github/actions/setup\n"
    for path, content in ((PATH, text), (".github/actions/setup/action.yml", action)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    workflows = read_workflows(tmp_path, (PATH,))
    steps = list(workflows.steps(workflows.ci[0].jobs["a"]))
    assert [each.run.text for each in steps if each.run] == ["npm ci"]
    assert parse_action("runs:\n  using: node24\n  main: a.js\n", "action.yml") is None


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"name": "a"}', b'{"name": "a", "enforcement": 1}', b"\xff", b"[" * 5000]
)
def test_what_is_no_ruleset_is_one_clear_line(data: bytes) -> None:
    with pytest.raises(ObservationError) as caught:
        read_ruleset(data, "rules.json")
    assert str(caught.value).startswith("rules.json:")
    assert "\n" not in str(caught.value)


_KEYS = st.sampled_from(
    [
        "on",
        "jobs",
        "steps",
        "run",
        "uses",
        "if",
        "needs",
        "strategy",
        "matrix",
        "include",
        "name",
        "with",
        "a",
        "permissions",
        "env",
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(["push", "a", "${{ a }}", "${{", "always()", "read-all", "**", "./a"]),
)
_ANY = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_KEYS, _ANY, max_size=5), _ANY, _ANY)
def test_no_workflow_crashes(top: dict[str, object], job: object, steps: object) -> None:
    import yaml

    given_job = {"runs-on": "x", "steps": steps, **(job if isinstance(job, dict) else {})}
    text = yaml.safe_dump({"on": "push", **top, "jobs": {"a": given_job, "b": {"needs": "a", **given_job}}})
    workflow = parse_workflow(text, PATH)
    if workflow.is_valid:
        event = Event(name="push", branch="main")
        producers([workflow], event, {})
        endings_of(workflow, contexts_of(event, workflow), {"a": Result.FAILURE}, watched=frozenset({"b"}))
