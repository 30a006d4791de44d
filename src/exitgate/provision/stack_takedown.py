"""Takes down what a run applied to an endpoint that outlives it.

It is noted before the apply, so that a sweep can where the run was killed. The note stands beside the copy of the code and its
state, in the run's folder, which is kept as long as something may stand.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from exitgate.errors import ExitgateError, ObservationError, ProvisionError, one_line
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import ApiEndpoint, GivenEndpoint
from exitgate.provision.outside_changes import take_policies_back
from exitgate.provision.real_account import RealAccount
from exitgate.provision.role_trials import forget_identities
from exitgate.provision.stack_account import Account
from exitgate.provision.terraform import Terraform, TerraformTool

NOTE: Final = "to-take-down.json"
FOLDER: Final = "stack-life"
"""Below a run's folder: what a stack's life leaves, with a folder for each account."""
_SHOWN: Final = 5


def note_standing(account: Account, lift: Mapping[str, str], before: Collection[str]) -> None:
    """Write down how an account is taken down, ahead of its apply.

    Args:
        account: The account, with its copy of the code.
        lift: Variables by which the code lifts protection from deletion; empty where it needs none.
        before: What stood there.
    """
    terraform, endpoint = account.terraform, account.endpoint
    values = replace(account, variables={**account.stack.variables, **lift}).options("takedown-own.tfvars")
    steps = [["apply", "-refresh=false", "-auto-approve", "-input=false", *values]] if lift else []
    # By the state first, then by what stands: a copy of a secret that somebody has seen has to be taken back by a call that an
    # emulator may not know (ministack 1.5.33).
    steps.append(["destroy", "-refresh=false", "-auto-approve", "-input=false", *values])
    steps.append(["destroy", "-auto-approve", "-input=false", *values])
    note = {
        "stack": account.emulated.stack,
        "number": account.number,
        "address": endpoint.address if isinstance(endpoint, GivenEndpoint) else "",
        "region": endpoint.region,
        "spare": endpoint.spare,
        "tool": [terraform.tool.name, terraform.tool.executable, terraform.tool.version],
        "root": str(terraform.root),
        "home": str(terraform.home),
        "configuration": str(terraform.configuration),
        "timeout_s": account.emulated.apply_timeout_s,
        "workspace": terraform.workspace,
        "steps": steps,
        "before": sorted(before),
    }
    (account.folder / NOTE).write_text(json.dumps(note), encoding="utf-8")


def standing_below(scratch: Path) -> list[Path]:
    """Return the folders of accounts in which a run of this user may have left something.

    What a note says is run. One that somebody else could have written, below a folder that all users share, is none.
    """
    folder = scratch / FOLDER
    try:
        told = folder.lstat()
    except OSError:
        return []
    is_ours = stat.S_ISDIR(told.st_mode) and told.st_uid == os.geteuid() and not told.st_mode & 0o077
    return [path.parent for path in sorted(folder.glob(f"*/{NOTE}"))] if is_ours else []


def described(folder: Path) -> str:
    """Return what may stand, in words."""
    note = _read(folder)
    return f"{note['stack']} in account {note['number']} {_endpoint(note).place}"


def take_down(folder: Path) -> None:
    """Take down what stands in an account of ours, see that nothing of it is left, and forget the note.

    Raises:
        ProvisionError: if it can't be taken down, or something is left.
        ObservationError: if its endpoint does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    with FileLock(folder / ".takedown.lock"):
        if not (folder / NOTE).is_file():
            return
        note = _read(folder)
        endpoint = _endpoint(note)
        endpoint.check()
        try:
            wrong = _taken_down(note, endpoint, folder)
        except (BotoCoreError, ClientError, ResponseParserError, KeyError) as error:
            wrong = [f"{type(error).__name__}: {error}"]
        if wrong:
            raise ProvisionError(
                f"stack {described(folder)}",
                got=one_line("; ".join(wrong), 300),
                expected="nothing of the run's",
                action=f"Remove it by hand and then {folder.parent.parent}, which holds its state and log; a sweep tries again.",
            )
        (folder / NOTE).unlink()


def _taken_down(note: Mapping[str, Any], endpoint: ApiEndpoint, folder: Path) -> list[str]:
    """Take down what stands, and return in words what failed and what is left."""
    take_policies_back(_connect(endpoint, note["number"]))
    wrong = _destroyed(note, endpoint, folder)
    for account in {note["number"], *note["spare"]} if note["spare"] else ():
        forget_identities(endpoint.client, account)
    left = sorted(list_account(_connect(endpoint, note["number"])) - {*note["before"]})
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return [*wrong, *([f"left: {', '.join(left[:_SHOWN])}{more}"] if left else ())]


def _destroyed(note: Mapping[str, Any], endpoint: ApiEndpoint, folder: Path) -> list[str]:
    """Run the steps, and return in words what failed; not in the program's own, which may hold secrets."""
    name, executable, version = note["tool"]
    terraform = Terraform(
        tool=TerraformTool(name=name, executable=executable, version=version),
        root=Path(note["root"]),
        home=Path(note["home"]),
        configuration=Path(note["configuration"]),
        timeout_s=note["timeout_s"],
        workspace=note["workspace"],
    )
    if not terraform.run("state", "list").stdout.strip():
        return []
    failed: list[str] = []
    for number, words in enumerate(note["steps"]):
        log = folder / f"takedown-{number}.log"
        try:
            code = terraform.run(*words, extra=endpoint.environment, output=log).exit_code
            failed = [f"{name} {words[0]} ended with exit code {code}"] if code else []
        except ObservationError as error:
            failed = [f"{name} {words[0]}: {error.got}"]
        if words[0] == "destroy" and not failed:
            break
    # Only the last step counts: where protection could not be lifted, the destroy says so.
    return failed


def _endpoint(note: Mapping[str, Any]) -> ApiEndpoint:
    if not note["address"]:
        return RealAccount(number=note["number"], region=note["region"])
    return GivenEndpoint(
        address=note["address"], region=note["region"], numbers=(note["number"], note["number"], *note["spare"])
    )


def _connect(endpoint: ApiEndpoint, account: str) -> Callable[[str], Any]:
    return lambda service: endpoint.client(service, account)


def _read(folder: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProvisionError(
            str(folder / NOTE),
            got=f"can't be read ({one_line(str(error), 100)})",
            expected="how what the run applied is taken down",
            action="Look what it left, remove that and then the folder.",
        ) from error
    return told


def removers(scratch: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what may stand of a run, in words, and what takes it down."""
    for folder in standing_below(scratch):
        try:
            words = described(folder)
        except ExitgateError:
            words = f"of {folder}"
        yield words, lambda folder=folder: take_down(folder)  # type: ignore[misc]
