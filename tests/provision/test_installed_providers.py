"""Providers that ``init`` has put in place: what follows runs those, and nothing else."""

from __future__ import annotations

from pathlib import Path

from exitgate.provision.terraform import Terraform, TerraformTool, trust_installed, write_configuration


def initialised(folder: Path, *providers: str) -> Terraform:
    """A root module with providers as ``init`` leaves them: links to where they really are."""
    root = folder / "tree"
    root.mkdir()
    for each in providers:
        real = folder / "cache" / each
        real.mkdir(parents=True)
        link = root / ".terraform/providers" / each
        link.parent.mkdir(parents=True)
        link.symlink_to(real)
    return Terraform(
        tool=TerraformTool(name="terraform", executable="/terraform", version="1.11.4"),
        root=root,
        home=folder,
        configuration=write_configuration(folder, None),
        timeout_s=5.0,
    )


def test_each_is_run_from_where_it_is(tmp_path: Path) -> None:
    aws = "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    random = "registry.example.com/shop/random/3.7.2/linux_amd64"
    terraform = initialised(tmp_path, aws, random)
    trusting = trust_installed(terraform)
    text = trusting.configuration.read_text(encoding="utf-8")
    assert f'"registry.terraform.io/hashicorp/aws" = "{tmp_path}/cache/{aws}"' in text
    assert f'"registry.example.com/shop/random" = "{tmp_path}/cache/{random}"' in text
    # What is not in place is not had from elsewhere.
    assert "direct" not in text
    assert "mirror" not in text
    assert terraform.configuration != trusting.configuration


def test_without_any_nothing_changes(tmp_path: Path) -> None:
    terraform = initialised(tmp_path)
    assert trust_installed(terraform) is terraform
