"""What stands in no plan is found in the plan's configuration and in the code, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.observe.terraform.escapes import chances_in, folders_of, outside_of

CONFIGURATION = {
    "resources": [
        {"address": "aws_vpc.this", "mode": "managed", "type": "aws_vpc", "name": "this"},
        {"address": "data.http.me", "mode": "data", "type": "http", "name": "me"},
    ],
    "module_calls": {
        "near": {
            "source": "./near",
            "module": {
                "resources": [
                    {
                        "address": "terraform_data.x",
                        "mode": "managed",
                        "type": "terraform_data",
                        "name": "x",
                        "provisioners": [{"type": "local-exec"}],
                    },
                    {"address": "data.aws_region.here", "mode": "data", "type": "aws_region", "name": "here"},
                ],
                "module_calls": {"deep": {"source": "../deep", "module": {}}},
            },
        },
        "far": {"source": "registry/far/aws", "module": {}},
    },
}


def test_provisioners_and_answers_of_others_are_found_in_every_module() -> None:
    found = outside_of(CONFIGURATION, lambda block: (f"{block['module_address']}/main.tf", 7))
    assert [(each.address, each.what, each.location) for each in found] == [
        ("data.http.me", "an answer of an address on the network", "/main.tf:7"),
        ("module.near.terraform_data.x", "a provisioner local-exec", "module.near/main.tf:7"),
    ]
    assert list(outside_of({}, lambda block: ("", 0))) == []


def test_modules_are_followed_as_far_as_their_code_lies_in_the_target(tmp_path: Path) -> None:
    found = [(str(folder) if folder else None, address) for folder, address in folders_of(CONFIGURATION, tmp_path)]
    assert found == [
        (str(tmp_path), ""),
        (str(tmp_path / "near"), "module.near"),
        (str(tmp_path / "near" / "../deep"), "module.near.module.deep"),
        (None, "module.far"),
    ]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("a = timestamp()", ["timestamp()"]),
        ('a = "at ${formatdate(\\"YYYY\\", timestamp())}"', ["timestamp()"]),
        ('a = "${uuid()}-${plantimestamp()}"', ["uuid()", "plantimestamp()"]),
        ("a = bcrypt (var.b)", ["bcrypt()"]),
        ("a = <<-EOT\n  say timestamp() or ${timestamp()}\n  EOT\nb = 1", ["timestamp()"]),
        ("# timestamp()\n// uuid()\n/* uuid()\n timestamp() */\n", []),
        ('a = "call timestamp() by hand"', []),
        ('a = uuidv5("dns", "x")\nmy_timestamp = 1', []),
        ("", []),
    ],
)
def test_calls_that_give_another_value_each_time(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "main.tf").write_text(code, encoding="utf-8")
    assert [each.address for each in chances_in(tmp_path, tmp_path)] == found


def test_a_call_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("\n\na = uuid()\n", encoding="utf-8")
    assert [each.location for each in chances_in(tmp_path, tmp_path)] == ["main.tf:3"]
