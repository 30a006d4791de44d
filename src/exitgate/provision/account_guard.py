"""Keeps code that is applied to a real account from another one: a provider may take on a role elsewhere, or ask something else.

Each configuration of the AWS provider is made to name the account, so that it refuses every other one by itself; and a plan has to
show that all of them do, those of modules too, and that none asks another endpoint.

Sources: the AWS provider's documentation, ``allowed_account_ids``, ``skip_requesting_account_id``, ``endpoints``; Terraform's
language, "Override Files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.variables import end_of_block

_HEAD: Final = re.compile(r'^[ \t]*provider\s+"?aws"?\s*\{', re.MULTILINE)
_ALIAS: Final = re.compile(r'^\s*alias\s*=\s*"([^"\n]+)"', re.MULTILINE)
_REACH_NO_ACCOUNT: Final = frozenset(
    {"terraform", "random", "tls", "null", "time", "local", "archive", "external", "http", "template", "cloudinit"}
)
"""Providers that need no account."""
_OVERRIDE: Final = "zz_exitgate_account_override.tf"
_OWN: Final = "zz_exitgate_account.tf"


def hold_to_account(root: Path, account: str) -> None:
    """Have each provider of a root module refuse every account but one, in a throwaway copy."""
    blocks = [*_aliases(root)]
    lines = [block for alias in blocks for block in _block(account, alias)]
    (root / _OVERRIDE).write_text("\n".join(lines), encoding="utf-8")
    if "" not in blocks:
        # Nothing to be overridden: resources without a provider of their own get one that nobody wrote.
        (root / _OWN).write_text("\n".join(_block(account, "")), encoding="utf-8")


def refuse_elsewhere(plan: Mapping[str, Any], account: str) -> None:
    """Refuse a plan any of whose AWS providers could work in another account, or on something else than AWS.

    Raises:
        PrerequisiteMissing: for the first.
    """
    for name, told in sorted((plan.get("configuration") or {}).get("provider_config", {}).items()):
        kind = str(told.get("full_name") or told.get("name") or name).rpartition("/")[2]
        if kind in _REACH_NO_ACCOUNT:
            continue
        if kind != "aws":
            raise _elsewhere(name, "one of which nobody knows in which account it works", account)
        said = told.get("expressions") or {}
        if not said and told.get("module_address"):
            # What a module does not configure it inherits, or has of the environment: the caller's credentials, and no role.
            continue
        if "endpoints" in said:
            raise _elsewhere(name, "endpoints of its own", account)
        if (said.get("skip_requesting_account_id") or {}).get("constant_value") is not False:
            raise _elsewhere(name, "no question for its account", account)
        if (said.get("allowed_account_ids") or {}).get("constant_value") != [account]:
            raise _elsewhere(name, "no account that it is held to", account)


def _aliases(root: Path) -> Iterator[str]:
    """Yield the alias of each configuration of the provider, empty for the one without."""
    found: list[str] = []
    for path in sorted(root.glob("*.tf")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for head in _HEAD.finditer(text):
            alias = _ALIAS.search(text[head.end() : end_of_block(text, head.end() - 1)])
            found.append(alias.group(1) if alias else "")
    yield from dict.fromkeys(found)


def _block(account: str, alias: str) -> Iterator[str]:
    yield 'provider "aws" {'
    if alias:
        yield f'  alias = "{alias}"'
    yield f'  allowed_account_ids = ["{account}"]'
    yield "  skip_requesting_account_id = false"
    yield "}\n"


def _elsewhere(name: str, got: str, account: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"provider {name}",
        got=got,
        expected=f"one that works in account {account} alone",
        action="Write its configuration as a block of the root module, without endpoints; or apply to an emulator instead.",
    )
