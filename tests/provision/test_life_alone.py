"""A stack's life in one account, as in a real one: on an emulator that stands for AWS, since no account of it is here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure.applied import left_after_destroy, missed_drift, unequal_applies, unsettled_plan
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.applied import read_applied
from exitgate.provision import stack_life, stack_takedown
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import Emulator
from exitgate.provision.real_account import RealAccount
from exitgate.provision.stack_files import StackLife
from exitgate.provision.stack_life import live_stack
from exitgate.provision.stack_takedown import standing_below
from exitgate.run import Run
from exitgate.target import Infrastructure, Sandbox, Stack, Target
from tests.observe.terraform.real_plans import terraform_here
from tests.provision.test_life_elsewhere import CODE, REGION, run, target, theirs

__all__ = ["run", "target", "theirs"]

pytestmark = pytest.mark.slow
ACCOUNT = "345678901234"
STACK = Stack(name="own", path="infra")
SANDBOX = Sandbox(
    stack="own", region=REGION, account_variable="account_id", lift={"kept": "false"}, apply_timeout_s=120
)
WITHOUT_SECRET = (
    (CODE[: CODE.index('resource "aws_secretsmanager_secret"')] + CODE[CODE.index('resource "aws_iam_role"') :])
    .replace("  access_key                  = var.account_id\n", "")
    .replace('  secret_key                  = "emulator"\n', "")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAnEmulator(RealAccount):
    """A real account but for who answers."""

    emulator: ClassVar[Emulator]
    caller: ClassVar[str]

    @property
    def environment(self) -> Mapping[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": self.caller, "AWS_SECRET_ACCESS_KEY": "emulator"}
        return {**self.emulator.environment, **keys}

    def client(self, service: str, key: str, secret: str = "", token: str | None = None) -> Any:
        assert (key, secret, token) == (self.number, "", None)
        return self.emulator.client(service, key)

    def check(self) -> None:
        self.emulator.check()


@pytest.fixture
def sandbox(run: Run, theirs: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Run]:
    """Return a run on a real account, by whose caller."""

    def called_by(caller: str) -> Run:
        OnAnEmulator.emulator, OnAnEmulator.caller = theirs, caller
        for module in (stack_life, stack_takedown):
            monkeypatch.setattr(module, "RealAccount", OnAnEmulator)
        return replace(run, aws_account=ACCOUNT, aws_endpoint="")

    return called_by


def live(run: Run, target: Target, code: str = WITHOUT_SECRET, sandbox: Sandbox | None = SANDBOX) -> StackLife:
    (target.directory / "infra" / "main.tf").write_text(code, encoding="utf-8")
    return live_stack(terraform_here(), run, target, Infrastructure(stack=(STACK,), sandbox=sandbox))


def standing(theirs: Emulator) -> frozenset[str]:
    return list_account(functools.partial(_client, theirs))


def _client(emulator: Emulator, service: str) -> Any:
    return emulator.client(service, ACCOUNT)


def test_it_is_applied_once_changed_by_hand_and_taken_down_and_what_was_there_stays(
    sandbox: Callable[[str], Run], theirs: Emulator, target: Target
) -> None:
    theirs.client("logs", ACCOUNT).create_log_group(logGroupName="somebody's")
    before = standing(theirs)
    run = sandbox(ACCOUNT)
    life = live(run, target)
    configuration = target.configuration.model_copy(
        update={"infrastructure": Infrastructure(stack=(STACK,), sandbox=SANDBOX)}
    )
    seen = read_applied(replace(target, configuration=configuration), terraform_here(), life)
    assert seen.substrate.assurance is Assurance.LIVE
    assert seen.substrate.name == f"AWS API in account {ACCOUNT}, {REGION}, stack own applied once"
    assert seen.counts == (4, 4)
    assert left_after_destroy(seen) == []
    assert unsettled_plan(seen) == []
    assert missed_drift(replace(seen, required=("a security group opened", "a policy added to a role"))) == []
    with pytest.raises(PrerequisiteMissing, match="one account, applied to once; expected two that are empty"):
        unequal_applies(seen)
    with pytest.raises(PrerequisiteMissing, match="a real account, in which exitgate makes no users"):
        life.rights()
    assert standing(theirs) == before
    assert standing_below(run.scratch_path) == []


def test_code_that_leads_to_another_account_is_not_applied(
    sandbox: Callable[[str], Run], theirs: Emulator, target: Target
) -> None:
    before = standing(theirs)
    with pytest.raises(ObservationError, match=r"plan \(held\) of stack own.*account ID not allowed"):
        live(sandbox("456789012345"), target)
    assert standing(theirs) == before


def test_code_that_asks_another_endpoint_is_not_applied(
    sandbox: Callable[[str], Run], theirs: Emulator, target: Target
) -> None:
    before = standing(theirs)
    own = f'provider "aws" {{\n  endpoints {{\n    logs = "{theirs.endpoint}"\n  }}\n'
    code = WITHOUT_SECRET.replace('provider "aws" {\n', own)
    with pytest.raises(PrerequisiteMissing, match="provider aws: endpoints of its own"):
        live(sandbox(ACCOUNT), target, code)
    assert standing(theirs) == before


def test_a_target_that_names_no_stack_for_it_is_not_assessed(sandbox: Callable[[str], Run], target: Target) -> None:
    with pytest.raises(
        PrerequisiteMissing, match=r"no \[infrastructure\.sandbox\]; expected which stack is applied to a real"
    ):
        live(sandbox(ACCOUNT), target, sandbox=None)
