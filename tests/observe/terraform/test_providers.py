"""In which region providers work: as the plan and the code say together, and unknown where they don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exitgate.observe.terraform.providers import Provider, providers_of

AWS = "registry.terraform.io/hashicorp/aws"


def seen(
    tmp_path: Path,
    code: str,
    told: dict[str, Any],
    *,
    keys: tuple[str, ...] = ("aws",),
    made_up: tuple[str, ...] = (),
    **more: str,
) -> list[Provider]:
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "main.tf").write_text(code, encoding="utf-8")
    for name, text in more.items():
        (folder / f"{name}.tf").write_text(text, encoding="utf-8")
    resources = [{"mode": "managed", "provider_config_key": key} for key in keys]
    variables = {"region": {"value": "eu-central-1"}, "gone": {}}
    plan = {
        "variables": variables,
        "configuration": {"provider_config": told, "root_module": {"resources": resources}},
    }
    return list(providers_of(plan, tmp_path, folder, made_up))


def aws(**region: object) -> dict[str, Any]:
    return {"name": "aws", "full_name": AWS, "expressions": {"region": region} if region else {}}


def test_a_constant_is_what_it_says(tmp_path: Path) -> None:
    code = '\nprovider "aws" {\n  region = "us-east-1"\n}\n'
    found = seen(tmp_path, code, {"aws": aws(constant_value="us-east-1")})
    assert found == [Provider(name="aws", region="us-east-1", location="infra/main.tf:2")]


def test_a_variable_is_what_it_is_in_the_plan(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = var.region # where we are\n}\n'
    (found,) = seen(tmp_path, code, {"aws": aws(references=["var.region"])})
    assert found.region == "eu-central-1"


def test_one_that_is_made_up_for_planning_is_unknown(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = var.region\n}\n'
    (found,) = seen(tmp_path, code, {"aws": aws(references=["var.region"])}, made_up=("region",))
    assert found.region == ""


def test_what_is_made_of_a_variable_is_unknown(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = replace(var.region, "eu", "us")\n}\n'
    (found,) = seen(tmp_path, code, {"aws": aws(references=["var.region"])})
    assert found.region == ""


def test_what_the_environment_says_is_unknown(tmp_path: Path) -> None:
    assert [each.region for each in seen(tmp_path, 'provider "aws" {\n}\n', {"aws": aws()})] == [""]


def test_without_a_block_nobody_knows(tmp_path: Path) -> None:
    assert seen(tmp_path, "", {}) == [Provider(name="aws", region="", location="infra")]


def test_an_alias_is_one_of_its_own(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = "eu-central-1"\n}\nprovider "aws" {\n  alias  = "far"\n  region = "us-west-2"\n}\n'
    told = {"aws": aws(constant_value="eu-central-1"), "aws.far": aws(constant_value="us-west-2")}
    found = seen(tmp_path, code, told, keys=("aws", "aws.far"))
    assert [(each.name, each.region, each.location) for each in found] == [
        ("aws", "eu-central-1", "infra/main.tf:1"),
        ("aws.far", "us-west-2", "infra/main.tf:4"),
    ]


def test_one_by_which_nothing_is_made_does_not_matter(tmp_path: Path) -> None:
    told = {"aws": aws(constant_value="eu-central-1"), "aws.far": aws(constant_value="us-west-2")}
    assert [each.name for each in seen(tmp_path, "", told)] == ["aws"]


def test_a_modules_own_is_placed_at_the_root_and_its_variables_are_unknown(tmp_path: Path) -> None:
    code = 'provider "aws" {\n  region = var.region\n}\n'
    told = {
        "aws": aws(references=["var.region"]),
        "module.a:aws": aws(references=["var.region"]),
        "module.b:aws": aws(constant_value="us-west-2"),
    }
    found = seen(tmp_path, code, told, keys=("module.a:aws", "module.b:aws"))
    assert [(each.region, each.location) for each in found] == [("", "infra"), ("us-west-2", "infra")]


def test_other_providers_have_no_region(tmp_path: Path) -> None:
    told = {"random": {"name": "random", "full_name": "registry.terraform.io/hashicorp/random"}}
    assert seen(tmp_path, "", told, keys=("random",)) == []


def test_a_block_of_an_override_file_is_no_place(tmp_path: Path) -> None:
    override = 'provider "aws" {\n  access_key = "x"\n}\n'
    told = {"aws": aws(constant_value="eu-central-1")}
    (found,) = seen(tmp_path, 'provider "aws" {\n  region = "x"\n}\n', told, zz_override=override)
    assert found.location == "infra/main.tf:1"
