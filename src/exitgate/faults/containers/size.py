"""Faults of 3.2.A.3: budgets for the size of images, and images over them."""

from __future__ import annotations

import re

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite
from exitgate.target import CONFIGURATION_FILE

_CONTROL = "3.2.A.3"
_BLOB = "/opt/blob"


def _forget_a_budget(site: FaultSite) -> None:
    path = site.root / CONFIGURATION_FILE
    pattern = rf"(?ms)(^\[policy\.containers\.size_budget_bytes\]$.*?)^{re.escape(site.workload.name)} = [\d_]+$\n"
    text, count = re.subn(pattern, r"\1", path.read_text(encoding="utf-8"))
    if count == 0:
        raise TargetError(
            CONFIGURATION_FILE,
            got=f"no budget of {site.workload.name} in a line of its own",
            expected="one to take out",
            action="Prove on another target.",
        )
    path.write_text(text, encoding="utf-8")


def _lower_a_budget(site: FaultSite) -> None:
    path = site.root / CONFIGURATION_FILE
    pattern = rf"(?m)^{re.escape(site.workload.name)} = [\d_]+$"
    text, count = re.subn(pattern, f"{site.workload.name} = 1_000_000", path.read_text(encoding="utf-8"))
    if count == 0:
        raise TargetError(
            CONFIGURATION_FILE,
            got=f"no budget of {site.workload.name} in a line of its own",
            expected="one to lower",
            action="Prove on another target.",
        )
    path.write_text(text, encoding="utf-8")


def _blob(site: FaultSite, *commands: str) -> None:
    site.add_file(_BLOB, "mkdir -p /opt", *commands)


def _add_a_blob(site: FaultSite) -> None:
    _blob(site, f"head -c {_budget(site)} /dev/zero > {_BLOB}")


def _hide_a_blob(site: FaultSite) -> None:
    _add_a_blob(site)
    _blob(site, f": > {_BLOB}")


def _budget(site: FaultSite) -> int:
    policy = site.target.policy.containers
    if policy is None or site.workload.name not in policy.size_budget_bytes:
        raise TargetError(
            CONFIGURATION_FILE,
            got=f"no budget of {site.workload.name}",
            expected="one to exceed",
            action="Prove on a target that has it.",
        )
    return policy.size_budget_bytes[site.workload.name]


FAULTS = (
    Fault(
        id="no-size-budget",
        title="nobody set a budget for one of the images",
        control=_CONTROL,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no budget is set for the size of",
        inject=_forget_a_budget,
    ),
    Fault(
        id="size-budget-outgrown",
        title="the image is larger than the budget that was agreed",
        control=_CONTROL,
        check="within-budget",
        location="Dockerfile:",
        message="is over its budget by",
        inject=_lower_a_budget,
    ),
    Fault(
        id="data-in-image",
        title="a file of data as large as the budget was copied into the image",
        control=_CONTROL,
        check="within-budget",
        location="Dockerfile:",
        message="is over its budget by",
        inject=_add_a_blob,
    ),
    Fault(
        id="data-in-hidden-layer",
        title="the same file, replaced by an empty one in a later layer",
        control=_CONTROL,
        check="within-budget",
        location="Dockerfile:",
        message="is over its budget by",
        inject=_hide_a_blob,
    ),
)
