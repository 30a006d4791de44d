"""A target's folder with a sound exitgate.toml, and what is said of one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import TargetError
from exitgate.target import load_target

SOUND = """\
[target]
name = "shop"

[[service]]
name = "orders"
path = "apps/orders"
dockerfile = "apps/orders/Dockerfile"
port = 8080
task_definition = "deploy/orders.json"

[[service]]
name = "billing"
path = "apps/billing"
dockerfile = "apps/billing/Dockerfile"
port = 8081
task_definition = "deploy/billing.json"

[service.environment]
LOG_LEVEL = "debug"

[[frontend]]
name = "shell"
path = "apps/shell"

[frontend.workload]
name = "web"
path = "apps/shell"
dockerfile = "apps/shell/Dockerfile"
port = 8082
task_definition = "deploy/web.json"

[[frontend]]
name = "cart"
path = "apps/cart"

[policy.containers]
uid_range = [10000, 65535]
gid_range = [10000, 65535]
"""
WAIVER = '[[waiver]]\ncontrol = "3.2.A.2"\nowner = "Bo"\nreason = "a reason"\napprover = "Ada"\n'
EXCLUSION = '[[not_applicable]]\ncontrol = "3.2.A.2"\nowner = "Bo"\nreason = "a reason"\napprover = "Ada"\nexpires = 2999-01-01\n'


def place(folder: Path, text: str | bytes) -> Path:
    """Write an exitgate.toml into a folder that holds every file that the sound one names."""
    for name in ("orders", "billing", "shell", "cart"):
        (folder / "apps" / name).mkdir(parents=True, exist_ok=True)
        (folder / "apps" / name / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (folder / "deploy").mkdir(exist_ok=True)
    for name in ("orders", "billing", "web"):
        (folder / "deploy" / f"{name}.json").write_text("{}", encoding="utf-8")
    (folder / "exitgate.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def refusal(folder: Path) -> TargetError:
    """Return the error about a target, having seen that it is one line with all its parts."""
    with pytest.raises(TargetError) as caught:
        load_target(folder)
    error = caught.value
    assert len(str(error).splitlines()) == 1
    assert all((error.subject, error.got, error.expected, error.action))
    return error


def line(text: str, start: str, occurrence: int = 1) -> int:
    """Return the number of the line that starts so."""
    found = [number for number, each in enumerate(text.split("\n"), 1) if each.startswith(start)]
    return found[occurrence - 1]


def changed(right: str, wrong: str) -> str:
    """Return the sound text with one thing put in another's place, having seen that the other was there."""
    assert right in SOUND
    return SOUND.replace(right, wrong, 1)
