"""A real account: each reason not to apply to it, on a stand-in for AWS's security tokens, and what keeps code from another one.

No account of AWS is asked here: the life of a stack in one account is tried on an emulator (test_life_alone.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing, UsageError
from exitgate.provision import real_account
from exitgate.provision.account_guard import hold_to_account, refuse_elsewhere
from exitgate.provision.emulator import Capabilities
from exitgate.provision.real_account import RealAccount, check_account
from exitgate.provision.stack_ground import probed, refuse_unenforced, refuse_used

OURS, OTHER = "345678901234", "456789012345"


class Tokens:
    """A stand-in for AWS's security tokens: one answer, or one error, and a count of the questions."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self.asked = 0

    def get_caller_identity(self) -> Any:
        self.asked += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def refused_by_aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("number", "allowed", "endpoint", "answer", "words"),
    [
        (OURS, False, "", {"Account": OURS}, f"--aws-account: no leave to apply to {OURS};"),
        ("", True, "", {"Account": OURS}, "--allow-apply: no account to apply to;"),
        ("sandbox", True, "", {"Account": OURS}, "--aws-account: 'sandbox';"),
        (OURS + "5", True, "", {"Account": OURS}, "--aws-account: '3456789012345';"),
        (
            OURS,
            True,
            "http://127.0.0.1:4566",
            {"Account": OURS},
            "--aws-account: an emulator beside it (--aws-endpoint);",
        ),
        (OURS, True, "", {"Account": OTHER}, f"--aws-account: a caller in account {OTHER};"),
        (OURS, True, "", {}, "--aws-account: a caller in account nobody knows which;"),
        (OURS, True, "", None, "--aws-account: a caller in account nobody knows which;"),
        (OURS, True, "", NoCredentialsError(), "--aws-account: no credentials of AWS;"),
        (OURS, True, "", refused_by_aws("ExpiredToken"), "--aws-account: credentials that AWS refuses: ExpiredToken;"),
        (
            *(OURS, True, ""),
            EndpointConnectionError(endpoint_url="https://sts.invalid"),
            "--aws-account: no answer of AWS: Could not connect",
        ),
    ],
)
def test_each_reason_not_to_apply_is_one_line(
    number: str, allowed: bool, endpoint: str, answer: object, words: str
) -> None:
    with pytest.raises(UsageError) as told:
        check_account(number, allowed=allowed, endpoint=endpoint, sts=Tokens(answer))
    assert str(told.value).startswith(words)
    assert "expected a sandbox of yours that a run may apply to. " in str(told.value)
    assert "\n" not in str(told.value)


def test_an_account_that_is_named_allowed_and_the_caller_s_is_taken_and_without_one_nobody_is_asked() -> None:
    tokens = Tokens({"Account": OURS})
    assert check_account(OURS, allowed=True, endpoint="", sts=tokens) == OURS
    assert tokens.asked == 1
    assert check_account("", allowed=False, endpoint="http://127.0.0.1:1", sts=tokens) == ""
    assert tokens.asked == 1


def test_who_may_not_apply_is_told_so_before_anybody_is_asked() -> None:
    tokens = Tokens({"Account": OURS})
    for number, allowed in ((OURS, False), ("12", True)):
        with pytest.raises(UsageError):
            check_account(number, allowed=allowed, endpoint="", sts=tokens)
    assert tokens.asked == 0


def test_an_endpoint_of_the_user_s_configuration_is_not_asked_in_the_place_of_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    client = real_account._client("sts", "eu-central-1")
    assert client.meta.endpoint_url == "https://sts.eu-central-1.amazonaws.com"


def test_terraform_gets_the_caller_s_credentials_and_no_endpoint_or_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_SESSION_TOKEN": "token"}
    for name, value in {**given, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "HTTPS_PROXY": "http://proxy:1"}.items():
        monkeypatch.setenv(name, value)
    told = RealAccount(number=OURS, region="eu-central-1").environment
    assert {name: told[name] for name in given} == given
    assert (told["HTTPS_PROXY"], told["HTTP_PROXY"]) == ("http://proxy:1", "")
    assert not [name for name in told if "ENDPOINT" in name or "PROFILE" in name]


def test_it_is_live_alone_and_nothing_is_tried_out_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = RealAccount(number=OURS, region="eu-central-1")
    assert (account.assurance, account.accounts, account.spare) == (Assurance.LIVE, (OURS,), ())
    able = probed(account)
    assert able.limits == ()
    refuse_used(account, {OURS: {"logs logGroupName somebody's"}})
    with pytest.raises(PrerequisiteMissing, match="in which exitgate makes no users"):
        refuse_unenforced(account, Capabilities(keeps_accounts_apart=True, enforces_iam=True, believes_no_image=True))
    for key, secret in ((OTHER, ""), (OURS, "secret")):
        with pytest.raises(ObservationError, match="another identity was asked for"):
            account.client("iam", key, secret)
    monkeypatch.setattr(real_account, "_client", lambda *_: Tokens({"Account": OTHER}))
    with pytest.raises(
        ObservationError, match=f"account {OURS} of AWS: a caller in account {OTHER}; expected the caller"
    ):
        account.check()
    monkeypatch.setattr(real_account, "_client", lambda *_: Tokens({"Account": OURS}))
    account.check()


def test_every_provider_of_the_root_module_is_held_to_the_account(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = "eu-central-1"\n}\n\nprovider "aws" {\n  alias = "far"\n}\n\nprovider "tls" {\n}\n'
    (tmp_path / "main.tf").write_text(code, encoding="utf-8")
    (tmp_path / "offline_override.tf").write_text('provider "aws" {\n  max_retries = 1\n}\n', encoding="utf-8")
    hold_to_account(tmp_path, OURS)
    written = (tmp_path / "zz_exitgate_account_override.tf").read_text(encoding="utf-8")
    assert written.count('provider "aws" {') == written.count(f'allowed_account_ids = ["{OURS}"]') == 2
    assert written.count('alias = "far"') == 1
    assert not (tmp_path / "zz_exitgate_account.tf").exists()


def test_code_without_a_provider_of_its_own_gets_one_that_is_held_to_the_account(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_vpc" "this" {\n}\n', encoding="utf-8")
    hold_to_account(tmp_path, OURS)
    assert f'allowed_account_ids = ["{OURS}"]' in (tmp_path / "zz_exitgate_account.tf").read_text(encoding="utf-8")


def provider(account: str = OURS, **more: Any) -> dict[str, Any]:
    """Return the AWS provider's configuration as a plan tells it."""
    held = {
        "allowed_account_ids": {"constant_value": [account]},
        "skip_requesting_account_id": {"constant_value": False},
    }
    expressions = {name: told for name, told in {**held, **more}.items() if told is not None}
    return {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "expressions": expressions}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (provider(OTHER), "no account that it is held to"),
        (provider(allowed_account_ids=None), "no account that it is held to"),
        (provider(allowed_account_ids={"references": ["var.accounts"]}), "no account that it is held to"),
        (provider(allowed_account_ids={"constant_value": [OURS, OTHER]}), "no account that it is held to"),
        (provider(skip_requesting_account_id={"constant_value": True}), "no question for its account"),
        (provider(skip_requesting_account_id=None), "no question for its account"),
        ({"full_name": "registry.terraform.io/hashicorp/awscc"}, "one of which nobody knows in which account it works"),
        (provider(endpoints=[{"sts": {"constant_value": "http://127.0.0.1"}}]), "endpoints of its own"),
    ],
)
def test_a_provider_that_may_work_elsewhere_is_refused_by_name(told: dict[str, Any], words: str) -> None:
    plan = {"configuration": {"provider_config": {"aws": provider(), "module.far:aws": told}}}
    with pytest.raises(
        PrerequisiteMissing, match=f"provider module.far:aws: {words}; expected one that works in account"
    ):
        refuse_elsewhere(plan, OURS)


def test_providers_that_are_held_to_the_account_and_those_of_others_are_not_refused() -> None:
    tls = {"name": "tls", "full_name": "registry.terraform.io/hashicorp/tls"}
    inherits = {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "module_address": "module.m"}
    told = {"aws": provider(), "aws.far": provider(), "tls": tls, "module.m:aws": inherits}
    refuse_elsewhere({"configuration": {"provider_config": told}}, OURS)
    refuse_elsewhere({}, OURS)
