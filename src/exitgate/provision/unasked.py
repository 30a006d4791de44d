"""Keeps a plan with names from asking AWS: data sources and ephemeral resources that waited for an apply go on waiting.

In a throwaway copy each of them is made to hang on a resource of ours that only an apply makes. What hangs on it is unknown, as it
was in the first plan, and asked of nobody. Override files can't do that: they reach no ephemeral resource and no ``depends_on``
(Terraform 1.11).

Sources: Terraform's language, "Data Sources", "Data Resource Dependencies"; "Ephemeral resources", on what is deferred.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from exitgate.provision.stack_copy import LEFT_OUT
from exitgate.provision.variables import end_of_block

_HEAD: Final = re.compile(r'^[ \t]*(data|ephemeral)\s+"?([\w-]+)"?\s+"?([\w-]+)"?\s*\{', re.MULTILINE)
_WAITS: Final = re.compile(r"^([ \t]*depends_on\s*=\s*\[)", re.MULTILINE)
_ARGUMENT: Final = re.compile(r"^([ \t]*(\w+)[ \t]*=[ \t]*)([^\n{\[]*[^\n{\[\s])[ \t]*$", re.MULTILINE)
_META: Final = frozenset({"count", "for_each", "depends_on", "provider"})
"""Arguments of Terraform itself, which may not be unknown."""
_ODD: Final = ("#", "//", "/*", "<<")
"""What may begin something that does not end with the line: an expression with it is left as it is."""
_OURS: Final = "terraform_data.exitgate_unknown"
_OUR_FILE: Final = "zz_exitgate_unknown.tf"
_ASK_NOBODY: Final = frozenset(
    {
        *("aws_iam_policy_document", "aws_arn", "aws_partition", "aws_region", "aws_default_tags", "aws_service"),
        *("aws_service_principal", "template_file", "cloudinit_config", "null_data_source", "archive_file"),
    }
)
"""Data sources that a provider answers by itself, so that names may go into them."""


def waiting_data(plan: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return type and name of each data source that a plan leaves to the apply, and that would be asked of somebody."""
    return frozenset(
        (str(change["type"]), str(change["name"]))
        for change in plan.get("resource_changes", ())
        if change.get("mode") == "data"
        and change["change"]["actions"] == ["read"]
        and change["type"] not in _ASK_NOBODY
    )


def remote_states(tree: Path, root: Path) -> list[str]:
    """Return what the code calls other stacks' states, e.g. ``data.terraform_remote_state.network``; those in JSON apart."""
    found = {
        f"data.{head.group(2)}.{head.group(3)}"
        for path in _files(tree, root)
        for head in _HEAD.finditer(path.read_text(encoding="utf-8", errors="replace"))
        if (head.group(1), head.group(2)) == ("data", "terraform_remote_state")
    }
    return sorted(found)


def leave_unasked(tree: Path, root: Path, waiting: Collection[tuple[str, str]]) -> bool:
    """Have data sources and all ephemeral resources wait for an apply, in a throwaway copy of the code.

    Args:
        tree: The copy of the target.
        root: The root module in it, with the modules that were fetched for it.
        waiting: Type and name of each data source that waits in a plan without names.

    Returns:
        Whether all of them do now: false where one stands in JSON, outside of the copy, or in a form that is not known here.
    """
    found: set[tuple[str, str]] = set()
    whole = True
    for path in _files(tree, root):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".json":
            whole = whole and '"ephemeral"' not in text
            continue
        changed, seen, all_of_it = _waiting_text(text, waiting)
        if changed != text and not path.resolve().is_relative_to(tree.resolve()):
            # A link that leads out of the copy: what it leads to is somebody's file.
            whole = False
            continue
        found |= seen
        whole = whole and all_of_it
        if changed != text:
            path.write_text(changed, encoding="utf-8")
            ours = path.parent / _OUR_FILE
            ours.write_text('resource "terraform_data" "exitgate_unknown" {}\n', encoding="utf-8")
    return whole and found >= set(waiting)


def _files(tree: Path, root: Path) -> Iterator[Path]:
    for pattern in ("*.tf", "*.tf.json"):
        yield from (
            path for path in sorted(tree.rglob(pattern)) if not LEFT_OUT.intersection(path.relative_to(tree).parts)
        )
        yield from sorted((root / ".terraform" / "modules").rglob(pattern))


def _waiting_text(text: str, waiting: Collection[tuple[str, str]]) -> tuple[str, set[tuple[str, str]], bool]:
    """Return the text of a file with its blocks changed, the data sources that were, and whether every ephemeral resource was."""
    parts: list[str] = []
    found: set[tuple[str, str]] = set()
    whole, at = True, 0
    for head in _HEAD.finditer(text):
        kind, name = head.group(1), (head.group(2), head.group(3))
        if head.start() < at or (kind == "data" and name not in waiting):
            continue
        end = end_of_block(text, head.end() - 1)
        body = text[head.end() : end]
        changed = _with_dependence(body) if kind == "data" else _with_unknown_argument(body)
        if changed is None:
            whole = False
            continue
        found |= {name} if kind == "data" else set()
        parts += [text[at : head.end()], changed]
        at = end
    return "".join([*parts, text[at:]]), found, whole


def _with_dependence(body: str) -> str | None:
    if _WAITS.search(body):
        return _WAITS.sub(rf"\1{_OURS}, ", body, count=1)
    return f"\n  depends_on = [{_OURS}]{body}" if body.startswith(("\n", "\r\n")) else None


def _with_unknown_argument(body: str) -> str | None:
    """Make an argument unknown; a condition with two equal ends would be known."""
    for argument in _ARGUMENT.finditer(body):
        start, name, value = argument.groups()
        is_nested = body.count("{", 0, argument.start()) != body.count("}", 0, argument.start())
        if name in _META or is_nested or any(each in value for each in _ODD) or value.count("(") != value.count(")"):
            continue
        unknown = f'{start}{_OURS}.id == "" ? ({value}) : null'
        return body[: argument.start()] + unknown + body[argument.end() :]
    return None
