"""Faults of 3.2.A.2: the non-root execution policy, and what must conform to it."""

from __future__ import annotations

import re

from exitgate.faults.fault import Fault, FaultSite
from exitgate.target import CONFIGURATION_FILE

_CONTROL = "3.2.A.2"


def _rewrite(site: FaultSite, pattern: str, replacement: str) -> None:
    path = site.root / CONFIGURATION_FILE
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    if count == 0:
        raise AssertionError(f"{pattern} matches nothing in {path}")
    path.write_text(text, encoding="utf-8")


def _remove_policy(site: FaultSite) -> None:
    _rewrite(site, r"^\[\[?policy\.containers(?:\.[^\]\n]*)?\]\]?\n.*?(?=^\[|\Z)", "")


def _admit_root(site: FaultSite) -> None:
    _rewrite(site, r"^uid_range = .*?$", "uid_range = [0, 65535]")


def _add_setuid_file(site: FaultSite) -> None:
    site.add_file("/usr/local/bin/become", "mkdir -p /usr/local/bin", "cp /bin/sh /usr/local/bin/become", mode="4755")


def _open_a_folder(site: FaultSite) -> None:
    # In a folder, because what COPY itself makes gets its own mode.
    site.add_file("/opt/shared", "mkdir -p /opt/shared/uploads", "chmod 777 /opt/shared/uploads")


def _add_capability(site: FaultSite) -> None:
    site.edit_container(
        lambda container: (
            container.setdefault("linuxParameters", {}).setdefault("capabilities", {}).update(add=["NET_ADMIN"])
        )
    )


def _allow_every_file(site: FaultSite) -> None:
    text = (site.root / CONFIGURATION_FILE).read_text(encoding="utf-8")
    has_list = re.search(r"^allow_capabilities = ", text, re.MULTILINE)
    _rewrite(
        site,
        r"^allow_capabilities = [^\]]*\]" if has_list else r"^(?=gid_range = )",
        'allow_capabilities = ["DAC_OVERRIDE"]' + ("" if has_list else "\n"),
    )


def _share_the_network(site: FaultSite) -> None:
    site.edit_task(lambda task: task.update(networkMode="host"))


def _add_neighbour(site: FaultSite) -> None:
    neighbour = {"name": "agent", "image": "registry.example/agent:1", "essential": False, "privileged": True}
    site.edit_task(lambda task: task["containerDefinitions"].append(neighbour))


FAULTS = (
    Fault(
        id="no-container-policy",
        title="nobody wrote a policy for containers",
        control=_CONTROL,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no non-root execution policy",
        inject=_remove_policy,
        also=frozenset({"3.2.A.1", "3.2.A.3", "3.2.C.2"}),
    ),
    Fault(
        id="policy-admits-root",
        title="the policy's range of user ids starts at 0",
        control=_CONTROL,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="lets root in",
        inject=_admit_root,
    ),
    Fault(
        id="policy-allows-every-file",
        title="the policy allows a capability with which permissions of files mean nothing",
        control=_CONTROL,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="the policy allows DAC_OVERRIDE, which gives its holder every file",
        inject=_allow_every_file,
    ),
    Fault(
        id="setuid-file",
        title="a setuid copy of the shell was left in the image",
        control=_CONTROL,
        check="setuid-files",
        location="image:/usr/local/bin/become",
        message="gives whoever runs it another identity",
        inject=_add_setuid_file,
        also=frozenset({"3.2.C.2", "3.2.C.3"}),
    ),
    Fault(
        id="folder-for-everybody",
        title="a folder was opened for everybody, to be rid of an error",
        control=_CONTROL,
        check="open-folders",
        location="image:/opt/shared/uploads",
        message="everybody may write into /opt/shared/uploads",
        inject=_open_a_folder,
    ),
    Fault(
        id="capability-added",
        title="the task definition adds NET_ADMIN",
        control=_CONTROL,
        check="added-capabilities",
        location="task-definition",
        message="adds the capability NET_ADMIN",
        inject=_add_capability,
        also=frozenset({"3.2.B.2.2"}),
    ),
    Fault(
        id="host-network",
        title="the task definition shares the host's network",
        control=_CONTROL,
        check="added-capabilities",
        location="task-definition",
        message="gives the container the host's network namespace",
        inject=_share_the_network,
    ),
    Fault(
        id="privileged-neighbour",
        title="a privileged container runs beside the workload",
        control=_CONTROL,
        check="added-capabilities",
        location="task-definition",
        message="of the same task definition, has privileges",
        inject=_add_neighbour,
    ),
)
