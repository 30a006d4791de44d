"""What a command line asks of a run, held against the gate and the target that it is asked of."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from exitgate.catalogue import GATE_ITSELF, Gate, SubjectKind
from exitgate.errors import CatalogueError, TargetError, UsageError
from exitgate.github.place import FEWEST_DAYS, MOST_DAYS, GitHubPlace, is_api_root, is_name
from exitgate.provision.emulator import check_endpoint
from exitgate.provision.real_account import check_account
from exitgate.provision.scanner_database import check_named_database
from exitgate.redaction import redact
from exitgate.target import Target

_REFERENCE = "reference"
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~+/=-]{15,1023}")
"""As RFC 6750 writes bearer tokens, long enough to be found again wherever it might be written."""


def wanted_controls(config: pytest.Config, gate: Gate) -> frozenset[str] | None:
    """Return the controls that ``--gate-control`` and ``--gate-criterion`` name together; nothing where neither names any.

    Raises:
        UsageError: if there is no such criterion.
        CatalogueError: if there is no such control.
    """
    controls, criteria = config.option.gate_control, config.option.gate_criterion
    if not controls and not criteria:
        return None
    known = [*(criterion.id for criterion in gate.criteria), GATE_ITSELF]
    for criterion in criteria:
        if criterion not in known:
            raise UsageError(
                f"criterion {criterion!r}",
                got="no such criterion",
                expected=f"one of {', '.join(known)}",
                action="Name one.",
            )
    of_criteria = {control.id for control in gate.everything if control.criterion in criteria}
    return frozenset({gate.control(control).id for control in controls} | of_criteria)


def refuse_unknown_stacks(config: pytest.Config, target: Target) -> None:
    """Refuse what ``--gate-stack`` names and the target does not have.

    Raises:
        UsageError: for the first.
    """
    code = target.configuration.infrastructure
    known = [stack.name for stack in code.stack] if code else []
    for stack in config.option.gate_stack:
        if stack not in known:
            raise UsageError(
                f"stack {stack!r}",
                got="no such stack",
                expected=f"one of {', '.join(known) or 'those of [[infrastructure.stack]]: there is none'}",
                action="Name one.",
            )


def wanted_subjects(config: pytest.Config, target: Target) -> frozenset[str] | None:
    """Return the subjects that ``--gate-subject`` names; nothing where it names none.

    Raises:
        UsageError: if the target has no such subject.
    """
    known = {name for kind in SubjectKind for name in target.subjects(kind)}
    for subject in config.option.gate_subject:
        if subject not in known:
            raise UsageError(
                f"subject {subject!r}",
                got="no such subject",
                expected=f"one of {', '.join(sorted(known))}",
                action="Name one.",
            )
    return frozenset(config.option.gate_subject) or None


def checks_left_out(config: pytest.Config, gate: Gate) -> frozenset[tuple[str, str]]:
    """Return what ``--gate-without`` names.

    Raises:
        UsageError: if there is no such check.
    """
    named = [tuple(text.partition(":")[::2]) for text in config.option.gate_without]
    try:
        return frozenset((control, gate.check(control, check).id) for control, check in named)
    except CatalogueError as error:
        raise UsageError(
            "--gate-without",
            got=str(error),
            expected="CONTROL:CHECK",
            action="`exitgate explain CONTROL` lists its checks.",
        ) from error


def target_directory(config: pytest.Config, gate_directory: Path) -> Path:
    """Return the folder of the target: the one that is named, or the reference beside the gate.

    Raises:
        UsageError: if there is no such folder.
    """
    if config.option.gate_target:
        directory = Path(config.invocation_params.dir, config.option.gate_target).resolve()
    else:
        directory = gate_directory.parent.parent / _REFERENCE
    if not directory.is_dir():
        raise UsageError(
            f"--gate-target {config.option.gate_target or ''}".strip(),
            got=f"no folder {directory}",
            expected="the repository to judge",
            action="Name it: --gate-target DIR.",
        )
    return directory


def named_database(config: pytest.Config) -> str:
    """Return the folder of the vulnerability database that ``--gate-trivy-db`` names; empty where it names none.

    Raises:
        UsageError: if it holds none.
    """
    named = config.option.gate_trivy_db
    return str(check_named_database(Path(config.invocation_params.dir, named).resolve())) if named else ""


def named_github(config: pytest.Config, environment: Mapping[str, str] | None = None) -> tuple[GitHubPlace | None, str]:
    """Return the repository that ``--gate-github-repository`` names, and the token to ask about it; nothing where it names none.

    Raises:
        UsageError: if one of its options can't be used, or the variable holds no token.
    """
    option = config.option
    if not option.gate_github_repository:
        return None, ""

    def refused(name: str, got: str, expected: str, action: str) -> UsageError:
        return UsageError(f"--github-{name}", got=got, expected=expected, action=action)

    if not is_name(option.gate_github_repository):
        raise refused("repository", repr(option.gate_github_repository), "OWNER/NAME", "Name the repository so.")
    api = option.gate_github_api.rstrip("/")
    if not is_api_root(api):
        raise refused("api", repr(redact(api)), "https://HOST or https://HOST/api/v3", "Name the root of the REST API.")
    if not FEWEST_DAYS <= option.gate_github_days <= MOST_DAYS:
        raise refused("days", str(option.gate_github_days), f"{FEWEST_DAYS} to {MOST_DAYS}", "Name a number of days.")
    variable = option.gate_github_token_variable
    token = (os.environ if environment is None else environment).get(variable, "").strip()
    if not _TOKEN.fullmatch(token):
        got = f"no token in ${variable}" if not token else f"in ${variable} what can't be a token"
        raise refused("token-variable", got, "a variable that holds one", f"Set {variable}, or name another variable.")
    return GitHubPlace(repository=option.gate_github_repository, api=api, days=option.gate_github_days), token


def named_endpoint(config: pytest.Config) -> str:
    """Return the emulator of AWS that ``--gate-aws-endpoint`` names, once it has answered; empty where it names none.

    Raises:
        UsageError: if it can't be used.
    """
    named = config.option.gate_aws_endpoint
    return check_endpoint(named) if named else ""


def named_account(config: pytest.Config) -> str:
    """Return the real account that ``--gate-aws-account`` names, once the caller was seen in it; empty where it names none.

    Raises:
        UsageError: if a run may not apply to it.
    """
    option = config.option
    return check_account(option.gate_aws_account, allowed=option.gate_allow_apply, endpoint=option.gate_aws_endpoint)


def refuse_another_policy(config: pytest.Config, target: Target) -> None:
    """Refuse rules, waivers and exclusions of another digest than ``--gate-policy`` pins.

    Raises:
        TargetError: if theirs is another.
    """
    pinned = config.option.gate_policy
    if pinned and pinned != target.policy_digest:
        raise TargetError(
            target.locate("policy"),
            got=f"rules, waivers and exclusions of digest {target.policy_digest}",
            expected=f"{pinned}, to which --gate-policy pins them",
            action="Look at what changed in them; pin the new digest once it is agreed.",
        )
