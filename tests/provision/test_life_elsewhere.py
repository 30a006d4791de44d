"""A stack's life on an emulator that is somebody else's: what it leaves there, and what is said when that one goes away.

The somebody is a second emulator, which knows nothing of the run; it holds things of theirs in accounts that anybody would use.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing, ProvisionError
from exitgate.provision import stack_life
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import Emulator, Installation, given, installed_emulator, throwaway_emulator
from exitgate.provision.ownership import Owner
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.provision.stack_files import StackLife
from exitgate.provision.stack_life import live_stack
from exitgate.provision.stack_takedown import NOTE, standing_below
from exitgate.provision.sweep import of_run, remove
from exitgate.provision.terraform import TerraformTool
from exitgate.run import Run
from exitgate.target import Emulated, Infrastructure, Stack, Target, load_target
from tests.observe.terraform.real_plans import terraform_here
from tests.provision.test_stack_life import REFERENCE, terraform
from tests.runs import run_in

pytestmark = pytest.mark.slow
REGION = "eu-central-1"
THEIRS = ("000000000000", "111111111111", "222222222222")
CODE = """terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "account_id" {
  type = string
}

variable "kept" {
  type    = bool
  default = true
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = var.account_id
  secret_key                  = "emulator"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "app"
  retention_in_days = 30
}

resource "aws_secretsmanager_secret" "app" {
  name                    = "app"
  recovery_window_in_days = var.kept ? 30 : 0
}

resource "aws_iam_role" "app" {
  name = "app"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_vpc" "app" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.app.id
}
"""


@pytest.fixture(scope="module")
def theirs() -> Iterator[Emulator]:
    """Somebody's emulator, with something of theirs in it."""
    try:
        installation: Installation = installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))
    somebody = run_in(name="20260101t000000z-theirs")
    with throwaway_emulator(somebody, installation, REGION) as started:
        for account in THEIRS:
            started.client("logs", account).create_log_group(logGroupName="app")
        yield started


@pytest.fixture
def run(theirs: Emulator, tmp_path: Path) -> Iterator[Run]:
    owner, name = (
        str(Owner.of_this_process()),
        f"20260101t000000z-{hashlib.sha256(tmp_path.name.encode()).hexdigest()[:6]}",
    )
    folder = make_scratch_folder(name, owner)
    yield Run(
        id=name,
        owner=owner,
        gate_directory="",
        clone="",
        commit="",
        report_directory="",
        scratch=str(folder),
        aws_endpoint=theirs.endpoint,
    )
    remove_scratch_folder(folder)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    (tmp_path / "target" / "infra").mkdir(parents=True)
    (tmp_path / "target" / "infra" / "main.tf").write_text(CODE, encoding="utf-8")
    return replace(load_target(REFERENCE), directory=tmp_path / "target")


def live(tool: TerraformTool, run: Run, target: Target, apply_timeout_s: float = 120) -> StackLife:
    emulated = Emulated(
        stack="own",
        region=REGION,
        account_variable="account_id",
        lift={"kept": "false"},
        apply_timeout_s=apply_timeout_s,
    )
    code = Infrastructure(stack=(Stack(name="own", path="infra"),), emulated=emulated)
    return live_stack(tool, run, target, code)


def standing(emulator: Emulator, *accounts: str) -> list[Counter[str]]:
    """Return what stands in accounts, by kind."""
    found = [list_account(functools.partial(_client, emulator, account)) for account in accounts]
    return [Counter(each.rpartition(" ")[0] for each in one) for one in found]


def _client(emulator: Emulator, account: str, service: str) -> Any:
    return emulator.client(service, account)


def numbers(run: Run, emulator: Emulator) -> tuple[str, ...]:
    return stack_life.given_endpoint(emulator.endpoint, REGION, run.id).numbers


def test_a_life_elsewhere_is_whole_touches_nothing_of_theirs_and_leaves_nothing(
    run: Run, theirs: Emulator, target: Target
) -> None:
    before = standing(theirs, *THEIRS)
    life = live(terraform_here(), run, target)
    told = life.read("told")
    assert (told["emulator"]["name"], told["place"]) == ("ministack", f"at {theirs.endpoint}, which the run was given")
    assert told["accounts"] == [*numbers(run, theirs)[:2]]
    assert len([*stack_life.resources_of(life.read("first"))]) == 5
    assert {each["kind"] for each in told["changes"] if each["landed"]} >= {
        "a policy added to a role",
        "a security group opened",
        "a secret copied to another region",
    }
    drifted = {each["address"] for each in life.read("drift")["resource_drift"]}
    assert drifted >= {"aws_iam_role.app", "aws_security_group.app", "aws_secretsmanager_secret.app"}
    assert (told["destroy"]["error"], told["destroy"]["left"]) == ("", [])
    assert standing(theirs, *THEIRS) == before
    fresh = standing(theirs, "399999999999")
    assert standing(theirs, *numbers(run, theirs)) == 5 * fresh
    elsewhere = theirs.client("secretsmanager", numbers(run, theirs)[0])
    assert elsewhere.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert standing_below(run.scratch_path) == []


def test_what_a_killed_run_left_elsewhere_is_swept_and_its_folder_is_kept_till_then(
    run: Run, theirs: Emulator, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> object:
        raise ObservationError("the run", got="killed", expected="its end", action="Sweep.")

    monkeypatch.setattr(stack_life, "take_down", die)
    monkeypatch.setattr(stack_life, "ask_account", die)
    with pytest.raises(ObservationError, match="killed"):
        live(terraform_here(), run, target)
    first = numbers(run, theirs)[0]
    assert standing(theirs, first)[0]["iam RoleName"] == 1
    found = {each.kind: each for each in of_run(None, run.id) if each.kind in ("stack", "folder")}
    assert found["stack"].name.startswith("own in account ")
    (kept,) = remove([found["folder"]])
    assert "the state of a stack that may still stand; expected that one taken down first" in kept
    assert run.scratch_path.is_dir()
    assert remove([each for each in of_run(None, run.id) if each.kind == "stack"]) == []
    assert standing(theirs, *numbers(run, theirs)) == 5 * standing(theirs, "399999999999")
    assert standing_below(run.scratch_path) == []


def test_what_the_code_does_not_know_of_is_named_and_not_forgotten(
    run: Run, theirs: Emulator, target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    number = numbers(run, theirs)[0]
    monkeypatch.setattr(stack_life, "take_down", lambda _: None)
    failing = """case "$1" in apply) echo 'Error: no' >&2; exit 1;; providers) echo '{}';; esac"""
    with pytest.raises(ObservationError, match=r"apply \(apply\) of stack own on ministack 1\.5\.33 at .*: Error: no"):
        live(terraform(tmp_path, failing), run, target)
    logs = theirs.client("logs", number)
    logs.create_log_group(logGroupName="stray")
    stack = next(each for each in of_run(None, run.id) if each.kind == "stack" and number in each.name)
    with pytest.raises(ProvisionError, match=r"left: logs logGroupName stray; expected nothing of the run's"):
        stack.remove()
    logs.delete_log_group(logGroupName="stray")
    assert remove([each for each in of_run(None, run.id) if each.kind == "stack"]) == []
    assert standing_below(run.scratch_path) == []


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            "api error InternalFailure: StatusCode: 501, no",
            PrerequisiteMissing,
            "what the endpoint does not know: .*501",
        ),
        (
            "api error InvalidParameter: no",
            ObservationError,
            "InvalidParameter: no; expected it to end without an error",
        ),
    ],
)
def test_what_an_endpoint_does_not_know_is_not_assessed_and_what_it_refuses_is_an_error(
    error: str, kind: type[ExitgateError], words: str, run: Run, target: Target, tmp_path: Path
) -> None:
    failing = f"""case "$1" in apply) echo 'Error: {error}' >&2; exit 1;; providers) echo '{{}}';; esac"""
    with pytest.raises(kind, match=words):
        live(terraform(tmp_path, failing), run, target)
    assert standing_below(run.scratch_path) == []


@pytest.mark.parametrize(
    ("blow", "words"),
    [
        ("kill -9 {pid}; sleep 0.3; echo 'Error: connection refused' >&2; exit 1", "Could not connect"),
        ("kill -STOP {pid}; sleep 60", "Read timeout"),
    ],
)
def test_one_that_dies_or_hangs_while_it_is_applied_to_is_one_line_and_its_state_is_kept(
    blow: str, words: str, run: Run, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "_ANSWER_TIMEOUT_S", 1.0)
    somebody = replace(run, id="20260101t000000z-dying")
    with throwaway_emulator(somebody, installed_emulator(), REGION) as dying:
        done = blow.format(pid=dying.process.pid)
        script = f"""case "$1" in apply) {done};; providers) echo '{{}}';; esac"""
        with pytest.raises(
            ObservationError, match=rf"--aws-endpoint {dying.endpoint}: no answer of AWS's API: {words}"
        ) as told:
            live(terraform(tmp_path, script), replace(run, aws_endpoint=dying.endpoint), target, apply_timeout_s=2)
        assert "\n" not in str(told.value)
        assert len(standing_below(run.scratch_path)) == 2
    failures = remove([each for each in of_run(None, run.id) if each.kind == "stack"])
    assert len(failures) == 2
    assert all("Start it again, and have `exitgate sweep` take down" in each for each in failures)


def test_a_note_that_somebody_else_could_have_written_is_none(tmp_path: Path) -> None:
    note = tmp_path / "stack-life" / "345678901234" / NOTE
    note.parent.mkdir(parents=True)
    note.write_text("{}", encoding="utf-8")
    folder = tmp_path / "stack-life"
    for mode, found in ((0o700, [note.parent]), (0o770, []), (0o707, [])):
        folder.chmod(mode)
        assert standing_below(tmp_path) == found
    folder.chmod(0o700)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "stack-life").symlink_to(folder)
    assert standing_below(tmp_path / "other") == []
