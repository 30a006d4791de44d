"""The plan of a stack: made once a run without an account, and kept for all workers.

A second plan is made in which everything that is not known before an apply has a name: Terraform's own tests may put a value in
the place of what a provider would give. So Terraform itself, with its modules, loops and functions, says what refers to what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from pydantic import BaseModel

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing, one_line
from exitgate.provision.diagnostics import Diagnostic, diagnostics_in, error_in
from exitgate.provision.redaction import secrets_of_plan
from exitgate.provision.stack_copy import NETWORK, initialised_copy, variable_files
from exitgate.provision.terraform import Terraform, TerraformTool, trust_installed
from exitgate.provision.unasked import leave_unasked, remote_states, waiting_data
from exitgate.run import Run
from exitgate.target import Infrastructure, Stack, Target

_FOLDER: Final = "terraform"
_TEST_FOLDER: Final = "exitgate-tests"
_STRINGS: Final = (
    *("id", "arn", "name", "arn_suffix", "dns_name", "zone_id", "key_id", "allocation_id"),
    *("default_route_table_id", "default_security_group_id", "default_network_acl_id", "main_route_table_id"),
    *("certificate_arn", "security_group_rule_id", "arn_without_revision", "prefix_list_id"),
    *("execution_arn", "invoke_arn"),
)
"""Attributes of text that others refer to. What else is unknown gets what Terraform makes up."""
_MISTAKES: Final = re.compile(
    r"(?i)^(invalid|unsupported|missing required|incorrect|conflicting|duplicate|unexpected)\b"
)
"""How summaries begin that speak of the code, and not of what it asks."""
_PREFIXES: Final = {"aws_launch_template": "lt-"}
"""What the provider (5.100) wants an id to begin with, and to hold letters and digits alone behind it."""
_SECRETS: Final = re.compile(r"secret|_ssm_")
"""What data sources and ephemeral resources wait for most: named, they are asked of AWS unless they are kept from it."""
_NOT_NAMED: Final = re.compile(r"db_instance|rds_cluster|mq_broker|replication_group")
"""Others index lists of them that are not known yet, e.g. ``master_user_secret[0]``; made up, those are empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """The files of a stack's plan, in the run's own folder, which goes with the run: they hold secrets in the clear."""

    stack: str
    plan: Path
    """``show -json`` of the plan."""
    named: Path | None
    """The plan in which unknowns have names; nothing where it could not be made."""
    names: Mapping[str, tuple[str, str]]
    """Name to the address and the attribute that it stands for."""
    why_not_named: str


class _TestPlan(BaseModel):
    """A plan in a test's events: what it holds of the providers' schemas is 50 times the rest, and is not made into objects."""

    resource_changes: list[Any] | None = None


class _TestPlanEvent(BaseModel):
    test_plan: _TestPlan


def plan_stack(tool: TerraformTool, run: Run, target: Target, code: Infrastructure, stack: Stack) -> StackPlan:
    """Return the plan of a stack; the first worker that asks makes it.

    Raises:
        PrerequisiteMissing: if the plan needs a network, an account, a provider or a value that is not there.
        ObservationError: if the code is not valid, or the program fails or hangs.
    """
    folder = run.scratch_path / _FOLDER / stack.name
    # What is kept in it holds secrets in the clear.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = folder / "done.json"
    with FileLock(folder / ".lock"):
        if not done.is_file():
            try:
                outcome = _make(tool, folder, target, code, stack)
            except (PrerequisiteMissing, ObservationError) as error:
                kind = "missing" if isinstance(error, PrerequisiteMissing) else "failed"
                outcome = {"kind": kind, "words": [error.subject, error.got, error.expected, error.action]}
            done.write_text(json.dumps(outcome), encoding="utf-8")
    told: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    if told["kind"] != "planned":
        subject, got, expected, action = told["words"]
        failed: type[ExitgateError] = PrerequisiteMissing if told["kind"] == "missing" else ObservationError
        raise failed(subject, got=got, expected=expected, action=action)
    return StackPlan(
        stack=stack.name,
        plan=folder / "plan.json",
        named=None if told["why_not"] else folder / "named.json",
        names={name: (place[0], place[1]) for name, place in told["names"].items()},
        why_not_named=told["why_not"],
    )


def _make(tool: TerraformTool, folder: Path, target: Target, code: Infrastructure, stack: Stack) -> dict[str, Any]:
    terraform = trust_installed(initialised_copy(tool, folder, target, stack, code.plan_timeout_s))
    variables = variable_files(terraform, folder, stack)
    _plan(terraform, stack, folder, variables)
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    terraform = replace(terraform, redact=terraform.redact.with_more(secrets_of_plan(plan)))
    names, why_not = _plan_with_names(terraform, folder, plan, variables)
    return {"kind": "planned", "names": names, "why_not": why_not}


def _plan(terraform: Terraform, stack: Stack, folder: Path, variables: list[str]) -> None:
    saved = folder / "saved.plan"
    planned = terraform.run(
        *("plan", "-input=false", "-refresh=false", "-lock=false", "-json", f"-out={saved}", *variables)
    )
    if planned.exit_code != 0:
        raise _plan_failure(terraform, stack, planned.stdout, planned.stderr)
    shown = terraform.run("show", "-json", str(saved), output=folder / "plan.json")
    if shown.exit_code != 0:
        raise ObservationError(
            f"{terraform.tool.name} show of stack {stack.name}",
            got=f"exit code {shown.exit_code}: {error_in(shown.stderr, terraform.places)}",
            expected="the plan as JSON",
            action="Run it by hand to see more.",
        )


def _plan_failure(terraform: Terraform, stack: Stack, out: str, err: str) -> ExitgateError:
    first = next(diagnostics_in(out, terraform.places), None)
    subject = f"{terraform.tool.name} plan of stack {stack.name}"
    if first is None:
        got = error_in(err or out, terraform.places)
        return ObservationError(subject, got=got, expected="a plan", action="Run it by hand to see more.")
    got = one_line(f"{first.where + ': ' if first.where else ''}{first.summary}: {first.detail}", 300)
    states = _unread_states(terraform, first)
    if states:
        return PrerequisiteMissing(
            subject,
            got=f"another stack's state can't be had without its backend, {' or '.join(states)}: {got}",
            expected="a plan that asks nobody",
            action='Have the override of [[infrastructure.stack]] point it to a file of made-up outputs: backend = "local".',
        )
    if NETWORK.search(first.summary + first.detail):
        return PrerequisiteMissing(
            subject,
            got=f"what can't be planned without a network or an account: {got}",
            expected="a plan that asks nobody",
            action="Give it what it asks for by a variable, or a provider that asks nobody in [[infrastructure.stack]] override.",
        )
    if "No value for required variable" in first.summary:
        return PrerequisiteMissing(
            subject,
            got=got,
            expected="a value for each variable",
            action="Name a var file in [[infrastructure.stack]] var_files, or set it in variables.",
        )
    action = f"Mend it; `{terraform.tool.name} validate` says more."
    return ObservationError(subject, got=got, expected="code that can be planned", action=action)


def _unread_states(terraform: Terraform, told: Diagnostic) -> list[str]:
    """Return which other stack's state could not be had; what is wrong with how it is asked for is a mistake of the code.

    What a backend says has neither place nor address (Terraform 1.11): then it may be any of those that the code reads.
    """
    if _MISTAKES.search(told.summary):
        return []
    if told.where or told.address:
        return [told.address] if ".terraform_remote_state." in f".{told.address}" else []
    return remote_states(terraform.places.tree or terraform.root, terraform.root)


def _plan_with_names(
    terraform: Terraform, folder: Path, plan: dict[str, Any], variables: list[str]
) -> tuple[dict[str, tuple[str, str]], str]:
    if not terraform.tool.names_unknowns:
        return {}, f"{terraform.tool.name} {terraform.tool.version} can't plan with names in the place of unknowns"
    (terraform.root / _TEST_FOLDER).mkdir()
    if leave_unasked(folder / "tree", terraform.root, waiting_data(plan)):
        names, why_not = _tried_with_names(terraform, folder, plan, variables, _NOT_NAMED)
        if not why_not:
            return names, ""
    fewer = re.compile(f"{_NOT_NAMED.pattern}|{_SECRETS.pattern}")
    return _tried_with_names(terraform, folder, plan, variables, fewer)


def _tried_with_names(
    terraform: Terraform, folder: Path, plan: dict[str, Any], variables: list[str], unnamed: re.Pattern[str]
) -> tuple[dict[str, tuple[str, str]], str]:
    """Plan with names for all kinds but some; return the names, or why there is no such plan."""
    names: dict[str, tuple[str, str]] = {}
    text = "\n".join(_test_lines(plan, names, unnamed))
    (terraform.root / _TEST_FOLDER / "named.tftest.hcl").write_text(text, encoding="utf-8")
    events = folder / "events.jsonl"
    tested = terraform.run(*("test", f"-test-directory={_TEST_FOLDER}", "-json", "-verbose", *variables), output=events)
    text = events.read_text(encoding="utf-8")
    for line in text.splitlines():
        if '"type":"test_plan"' in line:
            named = _TestPlanEvent.model_validate_json(line).test_plan
            (folder / "named.json").write_text(named.model_dump_json(), encoding="utf-8")
            events.unlink()
            return names, ""
    first = next(diagnostics_in(terraform.redact(text), terraform.places), None)
    events.unlink()
    said = f"{first.where}: {first.summary}: {first.detail}" if first else error_in(tested.stderr, terraform.places)
    return {}, one_line(f"Terraform could not plan with names in the place of unknowns: {said}", 300)


def _test_lines(plan: dict[str, Any], names: dict[str, tuple[str, str]], unnamed: re.Pattern[str]) -> Iterator[str]:
    yield 'run "named" {\n  command = plan\n  plan_options {\n    refresh = false\n  }'
    for number, change in enumerate(plan.get("resource_changes", ())):
        if change.get("mode") != "managed" or unnamed.search(change["type"]):
            continue
        unknown = change["change"].get("after_unknown") or {}
        values = {}
        for attribute in _STRINGS:
            if unknown.get(attribute) is True:
                values[attribute] = _name_of(number, attribute, change["type"])
                names[values[attribute]] = (change["address"], attribute)
        if values:
            body = "\n".join(f"      {name} = {json.dumps(value)}" for name, value in values.items())
            yield (
                f"  override_resource {{\n    target = {change['address']}\n    override_during = plan\n"
                f"    values = {{\n{body}\n    }}\n  }}"
            )
    yield "}\n"


def _name_of(number: int, attribute: str, kind: str) -> str:
    """Return a name that providers take for what the attribute holds."""
    if attribute == "id" and kind in _PREFIXES:
        return f"{_PREFIXES[kind]}exitgate{number:05d}"
    if attribute == "key_id":
        return f"e817ca7e-0000-4000-8000-{number:012d}"
    if "arn" in attribute.split("_") and attribute != "arn_suffix":
        return f"arn:aws:exitgate:xx-named-1:000000000000:{number:05d}/{attribute.replace('_', '-')}"
    return f"exitgate-{number:05d}-{attribute.replace('_', '-')}"
