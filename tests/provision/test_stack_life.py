"""The life of a stack on an emulator: what it needs, and what is said of an apply that fails, hangs or loses its emulator."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError, TargetError
from exitgate.provision import stack_life
from exitgate.provision.emulator import Capabilities, Emulator, Installation
from exitgate.provision.stack_files import Part, StackLife, resources_of
from exitgate.provision.stack_life import live_stack
from exitgate.provision.terraform import TerraformTool
from exitgate.run import Run
from exitgate.target import Emulated, Infrastructure, Stack, Target, load_target
from tests.runs import run_in

STACK = Stack(name="staging", path="infra")
EMULATED = Emulated(stack="staging", region="eu-central-1", account_variable="account_id", apply_timeout_s=2)
REFERENCE = Path(__file__).parents[2] / "reference"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "scratch").mkdir()
    return run_in(tmp_path / "scratch", name="1", owner="here/boot/1/1")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    folder = tmp_path / "target"
    (folder / "infra").mkdir(parents=True)
    (folder / "infra" / "main.tf").write_text('variable "account_id" {\n  type = string\n}\n', encoding="utf-8")
    return replace(load_target(REFERENCE), directory=folder)


def terraform(folder: Path, script: str) -> TerraformTool:
    """Return a program that acts as Terraform: a shell script, with the command as its first argument."""
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return TerraformTool(name="terraform", executable=str(program), version="1.11.4")


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Put a process that does nothing in the place of an emulator, with accounts that are empty."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    installation = Installation(name="ministack", version="1", python=Path(sys.executable))
    standing = Emulator(installation=installation, port=9, region="eu-central-1", process=process, folder=tmp_path)

    @contextmanager
    def started(*_: object) -> Iterator[Emulator]:
        yield standing

    monkeypatch.setattr(stack_life, "throwaway_emulator", started)
    monkeypatch.setattr(stack_life, "installed_emulator", lambda: installation)
    able = Capabilities(keeps_accounts_apart=True, enforces_iam=True, believes_no_image=True)
    monkeypatch.setattr(stack_life, "probed", lambda _: able)
    monkeypatch.setattr(stack_life, "ask_account", lambda connect: {})
    monkeypatch.setattr(stack_life, "try_roles", lambda *_: {"roles": [], "strangers": {}})
    monkeypatch.setattr(stack_life, "list_account", lambda connect: frozenset())
    monkeypatch.setattr(stack_life, "made_twice", lambda connect, named: [])
    monkeypatch.setattr("exitgate.provision.emulator.server._answers", lambda port, timeout_s: True)
    yield process
    process.kill()
    process.wait()


def live(tool: TerraformTool, run: Run, target: Target) -> StackLife:
    return live_stack(tool, run, target, Infrastructure(stack=(STACK,), emulated=EMULATED))


def test_a_target_that_names_no_stack_for_it_is_not_assessed(run: Run, target: Target, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"no \[infrastructure.emulated\]"):
        live_stack(terraform(tmp_path, "exit 0"), run, target, Infrastructure(stack=(STACK,)))


def test_a_stack_that_is_not_declared_is_a_mistake_of_the_target() -> None:
    with pytest.raises((TargetError, ValueError), match="no stack 'other'"):
        Infrastructure(stack=(STACK,), emulated=EMULATED.model_copy(update={"stack": "other"}))


@pytest.mark.usefixtures("emulator")
def test_an_apply_that_fails_is_told_with_the_provider_s_own_words(run: Run, target: Target, tmp_path: Path) -> None:
    failing = (
        """case "$1" in apply) echo 'Error: creating thing: it says no' >&2; exit 1;; providers) echo '{}';; esac"""
    )
    with pytest.raises(ObservationError, match=r"apply \(apply\) of stack staging on the emulator: .*it says no"):
        live(terraform(tmp_path, failing), run, target)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("ResourceAlreadyExistsException: a log group", "the emulator was asked twice, or the code makes it twice"),
        ("SignatureDoesNotMatch: not yours", 'the account as access_key, "emulator" as secret_key'),
        ("InvalidParameter: no", "Mend the code, or leave out"),
    ],
)
def test_an_apply_that_fails_is_told_with_what_to_do_about_that(
    error: str, advice: str, run: Run, target: Target, tmp_path: Path
) -> None:
    failing = f"""case "$1" in apply) echo 'Error: {error}' >&2; exit 1;; providers) echo '{{}}';; esac"""
    with pytest.raises(ObservationError, match=advice):
        live(terraform(tmp_path, failing), run, target)


@pytest.mark.usefixtures("emulator")
def test_an_apply_that_hangs_ends_in_time_with_its_last_words(run: Run, target: Target, tmp_path: Path) -> None:
    hanging = r"""case "$1" in
apply) printf '\033[0m\033[1mthing.one: Still creating...\033[0m\n'; exec sleep 60;;
providers) echo '{}';;
esac"""
    with pytest.raises(ObservationError, match=r"no end after 2 s; it said last: thing.one: Still creating"):
        live(terraform(tmp_path, hanging), run, target)


@pytest.mark.usefixtures("emulator")
def test_a_destroy_that_hangs_leaves_what_was_read_before_it(
    run: Run, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_life, "change_outside", lambda connect, resources: [])
    hanging = r"""case "$1" in
destroy) echo 'aws_vpc.this: Still destroying...'; exec sleep 60;;
show | providers) echo '{}';;
esac"""
    life = live(terraform(tmp_path, hanging), run, target)
    told = life.read("told")["destroy"]
    assert "no end after 2 s; it said last: aws_vpc.this: Still destroying" in told["unended"]
    assert life.read("standing") == {}
    assert life.read("drift") == {}


@pytest.mark.usefixtures("emulator")
def test_where_the_emulator_has_made_something_twice_nothing_is_destroyed(
    run: Run, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_life, "change_outside", lambda connect, resources: [])
    monkeypatch.setattr(stack_life, "made_twice", lambda connect, named: ["SubnetId s-2 beside s-1"])
    script = f"""echo "$1" >> {tmp_path}/calls; case "$1" in show | providers) echo '{{}}';; esac"""
    told = live(terraform(tmp_path, script), run, target).read("told")["destroy"]
    assert told["twins"] == ["SubnetId s-2 beside s-1"]
    assert "destroy" not in (tmp_path / "calls").read_text(encoding="utf-8").split()


@pytest.mark.usefixtures("emulator")
def test_what_keeps_roles_from_being_tried_is_told_to_those_alone_who_ask_of_roles(
    run: Run, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise PrerequisiteMissing("needs", got="ARNs of 2 accounts", expected="those of one", action="Look.")

    monkeypatch.setattr(stack_life, "change_outside", lambda connect, resources: [])
    monkeypatch.setattr(stack_life, "try_roles", refuse)
    life = live(terraform(tmp_path, """case "$1" in show | providers) echo '{}';; esac"""), run, target)
    assert life.read("told")["destroy"]["error"] == ""
    with pytest.raises(PrerequisiteMissing, match="needs: ARNs of 2 accounts; expected those of one"):
        life.rights()


def test_an_emulator_that_dies_is_the_reason_and_not_what_the_provider_makes_of_it(
    run: Run, target: Target, tmp_path: Path, emulator: subprocess.Popen[bytes]
) -> None:
    refused = "sleep 0.3; echo 'Error: connection refused' >&2; exit 1"
    dying = f"""case "$1" in apply) kill -9 {emulator.pid}; {refused};; providers) echo '{{}}';; esac"""
    with pytest.raises(ObservationError, match="emulator ministack 1: ended with exit code -9"):
        live(terraform(tmp_path, dying), run, target)


@pytest.mark.usefixtures("emulator")
def test_a_second_worker_gets_the_same_answer_and_nothing_is_lived_twice(
    run: Run, target: Target, tmp_path: Path
) -> None:
    failing = """case "$1" in apply) echo 'Error: no' >&2; exit 1;; providers) echo '{}';; esac"""
    counting = f'echo "$1" >> {tmp_path}/calls; {failing}'
    tool = terraform(tmp_path, counting)
    messages = []
    for _ in range(2):
        with pytest.raises(ObservationError) as told:
            live(tool, run, target)
        messages.append(str(told.value))
    assert len(set(messages)) == 1
    assert (tmp_path / "calls").read_text(encoding="utf-8").count("init") == 1


@pytest.mark.parametrize("kind", [PrerequisiteMissing, ProvisionError])
def test_what_keeps_an_emulator_from_starting_keeps_its_kind(
    kind: type[PrerequisiteMissing | ProvisionError],
    run: Run,
    target: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> Installation:
        raise kind("emulator", got="none", expected="one", action="Install it.")

    monkeypatch.setattr(stack_life, "installed_emulator", refuse)
    for _ in range(2):
        with pytest.raises(kind, match="emulator: none; expected one"):
            live(terraform(tmp_path, "exit 0"), run, target)


def test_a_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="life of the stack, drift"):
        StackLife(folder=tmp_path).read("drift")


def test_resources_are_found_in_modules_inside_modules_and_data_sources_are_none() -> None:
    inner = {"resources": [{"address": "module.a.module.b.aws_x.y", "mode": "managed"}]}
    state = {
        "values": {
            "root_module": {
                "resources": [{"address": "aws_x.y", "mode": "managed"}, {"address": "data.aws_z.q", "mode": "data"}],
                "child_modules": [{"child_modules": [inner]}],
            }
        }
    }
    assert [each["address"] for each in resources_of(state)] == ["aws_x.y", "module.a.module.b.aws_x.y"]
    assert list(resources_of({})) == []


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("parts", "applies", "files"),
    [
        ({Part.STANDING}, 1, {"first", "standing", "again", "told"}),
        ({Part.RIGHTS}, 1, {"second", "rights", "again", "told"}),
        ({Part.STANDING, Part.RIGHTS}, 2, {"first", "standing", "second", "rights", "again", "told"}),
    ],
    ids=["standing", "rights", "both"],
)
def test_of_a_life_in_part_nothing_else_is_lived(
    parts: set[Part], applies: int, files: set[str], run: Run, target: Target, tmp_path: Path
) -> None:
    script = f"""echo "$1" >> {tmp_path}/calls; case "$1" in show) echo '{{}}';; esac"""
    code = Infrastructure(stack=(STACK,), emulated=EMULATED)
    life = live_stack(terraform(tmp_path, script), run, target, code, parts)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").split()
    assert (calls.count("apply"), calls.count("plan"), calls.count("destroy")) == (applies, 1, 0)
    assert {each.stem for each in life.folder.glob("*.json")} == {*files, "done"}
