"""What Terraform says is wrong: on one line, without the code that it shows, with places from the root of the target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.provision.diagnostics import Places, diagnostics_in, error_in

COPY = Path("/scratch/stack/tree")
PLACES = Places(root="deploy/infra", tree=COPY, override="deploy/offline/aws_override.tf")


def test_the_line_of_code_that_an_error_shows_is_left_out() -> None:
    assert error_in('Error: Bad\n\n  on main.tf line 3:\n   3:   note = "x-y-z"\n\nDetail.', Places()) == (
        "Error: Bad at main.tf:3: Detail."
    )


def test_an_error_is_found_among_the_colours_in_which_it_is_written() -> None:
    said = (
        "\x1b[0m\x1b[1mInitializing the backend...\x1b[0m\n\x1b[31m╷\x1b[0m\x1b[0m\n"
        "\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mBad\x1b[0m\n\x1b[31m│\x1b[0m \x1b[0m\n"
        '\x1b[31m│\x1b[0m \x1b[0m\x1b[0m  on main.tf line 3:\n\x1b[31m│\x1b[0m \x1b[0m   3:   note = "x-y-z"\n'
        "\x1b[31m│\x1b[0m \x1b[0m\n\x1b[31m│\x1b[0m \x1b[0mDetail.\n\x1b[31m╵\x1b[0m\x1b[0m\n"
    )
    assert error_in(said, Places()) == "Error: Bad at main.tf:3: Detail."


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("main.tf", "deploy/infra/main.tf"),
        ("modules/net/main.tf", "deploy/infra/modules/net/main.tf"),
        ("../modules/main.tf", "deploy/modules/main.tf"),
        ("aws_override.tf", "deploy/offline/aws_override.tf"),
        (str(COPY / "deploy/live.tfvars"), "deploy/live.tfvars"),
        ("/scratch/stack/own.tfvars", "variables in exitgate.toml"),
        ("/etc/elsewhere.tfvars", "elsewhere.tfvars"),
    ],
)
def test_a_place_is_told_from_the_root_of_the_target(told: str, meant: str) -> None:
    assert PLACES.of(told) == meant
    assert (
        error_in(f"Error: Bad\n\n  on {told} line 21, in locals:\n", PLACES) == f"Error: Bad at {meant}:21, in locals:"
    )
    told_as_json = {"severity": "error", "summary": "Bad", "range": {"filename": told, "start": {"line": 21}}}
    assert [each.where for each in diagnostics_in(json.dumps({"diagnostic": told_as_json}), PLACES)] == [f"{meant}:21"]


def test_a_root_module_at_the_root_of_the_target_has_no_folder_before_it() -> None:
    assert Places().of("main.tf") == "main.tf"


def test_an_error_without_a_place_has_the_address_that_it_is_about_and_a_warning_is_none() -> None:
    told = [
        {"severity": "warning", "summary": "Old"},
        {"severity": "error", "summary": "Bad", "address": "data.terraform_remote_state.net"},
    ]
    lines = "\n".join(["no JSON", *(json.dumps({"diagnostic": each}) for each in told), json.dumps([1])])
    assert [(each.summary, each.where, each.address) for each in diagnostics_in(lines, PLACES)] == [
        ("Bad", "data.terraform_remote_state.net", "data.terraform_remote_state.net")
    ]
