"""Who a workload runs as: declared, and seen of every process; and whether what ran is what was built."""

from __future__ import annotations

from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.image import ImageFacts
from exitgate.observe.life import Life
from exitgate.observe.processes import ProcessFacts
from exitgate.observe.task_definition import TaskDefinition
from exitgate.policy import ContainerPolicy
from exitgate.provision.images import Build

_REMEDY = (
    "Set USER in the Dockerfile's last stage and `user` in the {noun} to numbers in the policy's range, as uid:gid."
)


def declared_strangers(
    image: ImageFacts, task: TaskDefinition, dockerfile: Dockerfile, policy: ContainerPolicy, stage: str | None = None
) -> list[Finding]:
    """Name each declared user, of the image and of the task definition, that is absent or outside the policy's ranges."""
    declared = [(dockerfile.locate("USER", stage), "the image", image.user)]
    if task.settings.user:
        declared.append((task.locate("user"), f"the {task.noun}", task.settings.user))
    findings = []
    for location, who, user in declared:
        identity = image.resolve(user)
        expected = f"uid in {policy.uid_range} and gid in {policy.gid_range}"
        if identity is None:
            got = f"user {user!r}, which the image does not know"
        elif identity.uid not in policy.uid_range or identity.gid not in policy.gid_range:
            got = f"user {user!r} = uid {identity.uid}, gid {identity.gid}" if user else "no user, which is root"
        else:
            continue
        findings.append(
            Finding(
                location=location,
                message=f"{who} declares a user that the policy does not allow",
                expected=expected,
                got=got,
                remedy=_REMEDY.format(noun=task.noun),
            )
        )
    return findings


def processes_outside(life: Life, policy: ContainerPolicy) -> list[Finding]:
    """Name each process that was seen with an id outside the policy's ranges, once per identity."""
    findings: dict[str, Finding] = {}
    for process in life.processes:
        wrong = _wrong_ids(process, policy)
        if wrong:
            message = f"process {process.command!r} runs with {', '.join(wrong)}"
            findings.setdefault(
                message,
                Finding(
                    location=life.locations.user,
                    message=message,
                    expected=f"uids in {policy.uid_range}, gids in {policy.gid_range}",
                    got=f"uids {_row(process.uids)}, gids {_row(process.gids)}, groups {_row(process.groups) or 'none'}",
                    remedy=_REMEDY.format(noun=life.locations.noun)
                    + " A process that changes its user later does it by a setuid file or from root: remove either.",
                ),
            )
    return list(findings.values())


def _wrong_ids(process: ProcessFacts, policy: ContainerPolicy) -> list[str]:
    uids = sorted({uid for uid in process.uids if uid not in policy.uid_range})
    gids = sorted({gid for gid in (*process.gids, *process.groups) if gid not in policy.gid_range})
    return [f"uid {uid}" for uid in uids] + [f"gid {gid}" for gid in gids]


def _row(numbers: tuple[int, ...]) -> str:
    return " ".join(str(number) for number in numbers)


def foreign_images(life: Life, build: Build) -> list[Finding]:
    """Name the image that ran where it is not the one that was built from the commit."""
    if build.image_id and life.image_id == build.image_id:
        return []
    return [
        Finding(
            location=life.locations.definition,
            message="the image that ran is not the image that was built",
            expected=build.image_id or "an image that was built",
            got=life.image_id,
            remedy="Run the gate again; if it stays so, something else tags images on this engine.",
        )
    ]
