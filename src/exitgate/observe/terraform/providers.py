"""In which region of AWS the providers of a stack work: resources stand where their provider does, and say so nowhere.

Source: Terraform's internals, "JSON Output Format": ``provider_config`` and ``provider_config_key``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_AWS: Final = "hashicorp/aws"
_HEAD: Final = re.compile(r'^[ \t]*provider\s+"([^"]+)"\s*\{', re.MULTILINE)
_END: Final = re.compile(r"^\}", re.MULTILINE)
_ALIAS: Final = re.compile(r'^\s*alias\s*=\s*"([^"]+)"', re.MULTILINE)
_BY_VARIABLE: Final = re.compile(r"^\s*region\s*=\s*var\.(\w+)\s*(?:(?:#|//).*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A configuration of AWS's provider that resources of a stack are made by."""

    name: str
    """As resources name it, e.g. ``aws.virginia``."""
    region: str
    """Empty where the code does not say it in a way that a plan tells."""
    location: str
    """``file:line``; the root module where its block is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    path: str
    line: int
    text: str


def providers_of(plan: Mapping[str, Any], root: Path, folder: Path, made_up: Collection[str]) -> Iterator[Provider]:
    """Yield each configuration of AWS's provider by which a resource of the plan is made.

    Args:
        plan: ``show -json`` of it.
        root: The target's folder.
        folder: The root module's.
        made_up: Variables that ``exitgate.toml`` sets for planning: what they say is not what is applied.
    """
    configuration = plan["configuration"]
    told: Mapping[str, Any] = configuration.get("provider_config") or {}
    given = {name: each for name, each in (plan.get("variables") or {}).items() if name not in made_up}
    blocks = _blocks_in(root, folder)
    for key in sorted(set(_used(configuration["root_module"]))):
        # Terraform has resolved what modules inherit; behind a colon stands what a module configures itself.
        name = key.rpartition(":")[2]
        config = told.get(key) or {}
        if not str(config.get("full_name", name)).endswith(_AWS) and name.partition(".")[0] != "aws":
            continue
        block = blocks.get(key)
        yield Provider(
            name=name,
            region=_region(config, block, given),
            location=f"{block.path}:{block.line}" if block else _path(root, folder),
        )


def _used(module: Mapping[str, Any]) -> Iterator[str]:
    for resource in module.get("resources", ()):
        if resource.get("mode") == "managed" and "provider_config_key" in resource:
            yield str(resource["provider_config_key"])
    for call in (module.get("module_calls") or {}).values():
        yield from _used(call.get("module") or {})


def _region(config: Mapping[str, Any], block: _Block | None, variables: Mapping[str, Any]) -> str:
    told = (config.get("expressions") or {}).get("region") or {}
    if "constant_value" in told:
        return str(told["constant_value"])
    # The plan says which variable it hangs on, and the code alone that it is that variable and nothing made of it.
    found = _BY_VARIABLE.search(block.text) if block else None
    if found is None or told.get("references") != [f"var.{found.group(1)}"]:
        return ""
    return str(variables.get(found.group(1), {}).get("value") or "")


def _blocks_in(root: Path, folder: Path) -> dict[str, _Block]:
    """Return the blocks of a root module by the names that resources use; those of override files add to them, and are none."""
    blocks: dict[str, _Block] = {}
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tofu"))):
        if path.stem == "override" or path.stem.endswith("_override"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for head in _HEAD.finditer(text):
            end = _END.search(text, head.end())
            body = text[head.start() : end.start() if end else len(text)]
            alias = _ALIAS.search(body)
            blocks[f"{head.group(1)}.{alias.group(1)}" if alias else head.group(1)] = _Block(
                path=_path(root, path),
                line=text.count("\n", 0, head.start()) + 1,
                text=body,
            )
    return blocks


def _path(root: Path, path: Path) -> str:
    return path.resolve().relative_to(root.resolve()).as_posix()
