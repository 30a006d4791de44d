"""What roles were answered, as it is read: which answers count, what is named as not told, and what is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observe.applied import RoleTrials, read_role_trials
from exitgate.provision.stack_files import StackLife
from exitgate.provision.terraform import TerraformTool
from exitgate.target import load_target

TOOL = TerraformTool(name="terraform", executable="terraform", version="1.11.4")
TOLD = {
    "emulator": {"name": "ministack", "version": "1.5.33"},
    "place": "on loopback",
    "assurance": "emulated",
    "variables": [],
    "accounts": ["111111111111", "222222222222"],
    "limits": ["it can't do that"],
    "stack": "staging",
}
AGAIN = {
    "configuration": {
        "root_module": {"resources": [{"address": "aws_iam_role.execution", "mode": "managed", "expressions": {}}]}
    },
    "resource_changes": [
        {
            "address": "aws_iam_role.execution",
            "mode": "managed",
            "type": "aws_iam_role",
            "name": "execution",
            "change": {"actions": ["no-op"]},
        }
    ],
}
ROLE = {
    "workload": "orders",
    "kind": "execution",
    "arn": "arn:aws:iam::222222222222:role/orders-execution",
    "address": "aws_iam_role.execution",
    "unread": [],
    "taken": {"a user of the account": "refused"},
}


def tried(action: str, role: str, granted: str, nobody: str, origin: str = "need") -> dict[str, str]:
    who = {"role": role, "granted": granted, "nobody": nobody}
    return {"action": action, "resource": "*", "origin": origin, "why": "it starts", **who}


def read(folder: Path, rights: dict[str, Any]) -> RoleTrials:
    (folder / "target" / "infra").mkdir(parents=True)
    (folder / "target" / "infra" / "main.tf").write_text(
        '\nresource "aws_iam_role" "execution" {\n}\n', encoding="utf-8"
    )
    for name, content in (("told", TOLD), ("again", AGAIN), ("rights", rights)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    target = replace(load_target(Path(__file__).parents[3] / "reference"), directory=folder / "target")
    return read_role_trials(target, TOOL, StackLife(folder=folder), EvidenceFolder(folder / "evidence"))


def with_tries(*tries: dict[str, str]) -> dict[str, Any]:
    strangers = {
        "a user of the account": {"open": "answered", "closed": "refused"},
        "a user of another account": {"open": "refused", "closed": "refused"},
    }
    return {"roles": [{**ROLE, "tries": list(tries)}], "strangers": strangers}


def test_a_role_has_its_place_and_its_answers_and_each_call_is_written_down(tmp_path: Path) -> None:
    trials = read(tmp_path, with_tries(tried("ecr:GetAuthorizationToken", "answered", "answered", "refused")))
    (role,) = trials.of("orders")
    assert trials.place(role) == "infra/main.tf:2"
    assert (role.tries[0].enforced, role.tries[0].needed, role.taken) == (True, True, {"a user of the account": False})
    assert trials.of("catalog") == ()
    (kept,) = (tmp_path / "evidence").rglob("*.txt")
    assert "needed: ecr:GetAuthorizationToken on *: role answered" in kept.read_text(encoding="utf-8")


def test_what_the_emulator_does_not_tell_is_a_limit_by_name(tmp_path: Path) -> None:
    trials = read(
        tmp_path,
        with_tries(
            tried("logs:PutLogEvents", "refused", "refused", "refused"),
            tried("ecr:BatchGetImage", "NoSuchThing", "NoSuchThing", "refused"),
            tried("kms:Sign", "", "", "", "other"),
        ),
    )
    limits = "\n".join(trials.substrate.limits)
    assert "not enforced by the emulator, and not assessed: logs:PutLogEvents" in limits
    assert "not assessed: ecr:BatchGetImage, whose resource is not there" in limits
    assert "for want of a harmless call: kms:Sign" in limits
    assert "not assessed, as it gets no role that trusts it either, or any: a user of another account" in limits
    assert trials.telling == {"a user of the account"}


def test_what_kept_them_from_being_tried_is_raised_as_it_was(tmp_path: Path) -> None:
    error = {"kind": "PrerequisiteMissing", "words": ["needs", "ARNs of 2 accounts", "those of one", "Look."]}
    with pytest.raises(PrerequisiteMissing, match="ARNs of 2 accounts"):
        read(tmp_path, {"error": error})
