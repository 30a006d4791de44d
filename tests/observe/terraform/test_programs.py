"""Code that runs programs of its own is applied to no real account: they would get the caller's credentials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.applied import life
from exitgate.observe.terraform.escapes import outside_of, refuse_programs
from exitgate.target import Infrastructure, Sandbox, Stack
from tests.runs import run_in

BUCKET = {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b"}
SEEDED = {**BUCKET, "address": "terraform_data.seed", "provisioners": [{"type": "local-exec"}]}
ASKED = {"address": "data.external.who", "mode": "data", "type": "external", "name": "who"}
FETCHED = {"address": "data.http.page", "mode": "data", "type": "http", "name": "page"}


def code(*blocks: dict[str, Any], inner: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"resources": blocks, "module_calls": {"m": {"module": {"resources": inner}}}}


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        (code(BUCKET, SEEDED), r"terraform_data\.seed, main\.tf:3: a provisioner local-exec"),
        (code(ASKED), r"data\.external\.who, main\.tf:3: an answer of a program"),
        (code(BUCKET, inner=(ASKED,)), r"module\.m\.data\.external\.who, main\.tf:3: an answer of a program"),
        (code(inner=(SEEDED,)), r"module\.m\.terraform_data\.seed"),
    ],
    ids=["a provisioner", "a data source", "a module's data source", "a module's provisioner"],
)
def test_a_program_beside_credentials_is_refused_by_its_place(configuration: dict[str, Any], words: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=words) as refused:
        refuse_programs(outside_of(configuration, lambda _: ("main.tf", 3)), "123456789012")
    assert "the credentials for account 123456789012" in refused.value.got


def test_what_runs_nothing_here_is_not_refused() -> None:
    refuse_programs(outside_of(code(BUCKET, FETCHED), lambda _: ("main.tf", 3)), "123456789012")


@pytest.mark.parametrize("account", ["123456789012", ""], ids=["a real account", "an emulator"])
@pytest.mark.parametrize("blocks", [(BUCKET, ASKED), (BUCKET, FETCHED)], ids=["a program", "none"])
def test_before_a_real_account_is_asked_the_code_is_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account: str, blocks: tuple[dict[str, Any], ...]
) -> None:
    asked: list[str] = []

    def planned(*_: object) -> Any:
        stack = SimpleNamespace(outside=tuple(outside_of(code(*blocks), lambda _: ("main.tf", 3))))
        return SimpleNamespace(stacks=(stack,))

    monkeypatch.setattr(life, "plan_stack", lambda *words: asked.append(words[-1].name))
    monkeypatch.setattr(life, "read_infrastructure", planned)
    monkeypatch.setattr(life, "live_stack", lambda *_: "lived")
    stacks = (Stack(name="other", path="other"), Stack(name="own", path="infra"))
    sandbox = Sandbox(stack="own", region="eu-central-1", account_variable="account_id")
    wanted = Infrastructure(stack=stacks, sandbox=sandbox)
    run = replace(run_in(tmp_path), aws_account=account)
    if account and ASKED in blocks:
        with pytest.raises(PrerequisiteMissing, match=r"data\.external\.who"):
            life.read_life(cast("Any", None), run, cast("Any", None), wanted)
    else:
        assert life.read_life(cast("Any", None), run, cast("Any", None), wanted) == cast("Any", "lived")
    assert asked == (["own"] if account else [])
