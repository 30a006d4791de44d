"""Small frozen observations for the container rules: each is sound, and a test replaces the part that it is about."""

from __future__ import annotations

from typing import Any

from exitgate.assurance import Assurance
from exitgate.dockerfile import Dockerfile, Instruction
from exitgate.observation import Substrate
from exitgate.observe.attempts import Attempt, Attempts
from exitgate.observe.compose import ComposeService
from exitgate.observe.image import ImageFacts, PrivilegedFile
from exitgate.observe.life import Life
from exitgate.observe.processes import ProcessFacts
from exitgate.observe.task_definition import TaskDefinition
from exitgate.policy import ContainerPolicy
from exitgate.provision.images import Build
from exitgate.settings import ContainerSettings, HealthCheck, Locations

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="container on an engine")
LOCATIONS = Locations(
    definition="task.json:4",
    user="task.json:7",
    capabilities="task.json:11",
    privileged="task.json:8",
    read_only_root="task.json:9",
    health_check="task.json:16",
    image_health_check="Dockerfile:5",
)
TASK_SOURCE = """\
{
  "family": "shop",
  "containerDefinitions": [
    {
      "name": "orders",
      "image": "registry.example/orders",
      "user": "10001:10001",
      "privileged": false,
      "readonlyRootFilesystem": true,
      "linuxParameters": {
        "capabilities": {
          "add": [],
          "drop": ["ALL"]
        }
      },
      "healthCheck": { "command": ["CMD", "/check"] }
    }
  ]
}
"""
CONFINED = ContainerSettings(user="10001:10001", read_only_root=True, capabilities_dropped=("ALL",))
NO_CAPABILITY = tuple((kind, ()) for kind in ("inheritable", "permitted", "effective", "bounding", "ambient"))


def policy(**rules: Any) -> ContainerPolicy:
    return ContainerPolicy.model_validate({"uid_range": [10000, 65535], "gid_range": [20000, 30000], **rules})


def health_check(*command: str) -> HealthCheck:
    return HealthCheck(
        command=command or ("CMD", "/check"), interval_s=30.0, timeout_s=5.0, retries=3, start_period_s=0.0
    )


def dockerfile(*last_stage: tuple[int, str, str]) -> Dockerfile:
    """Return one of two stages; the last starts in line 3 and has a USER in line 4 and a HEALTHCHECK in line 5."""
    own = last_stage or ((4, "USER", "10001:20001"), (5, "HEALTHCHECK", 'CMD ["/check"]'))
    rows = ((1, "FROM", "node:22 AS build"), (2, "USER", "root"), (3, "FROM", "runtime:22"), *own)
    instructions = tuple(Instruction(line=line, name=name, value=value) for line, name, value in rows)
    return Dockerfile(path="apps/orders/Dockerfile", defaults={}, instructions=instructions)


def task(**settings: Any) -> TaskDefinition:
    return TaskDefinition(
        substrate=SUBSTRATE,
        path="task.json",
        source=TASK_SOURCE,
        container="orders",
        position=0,
        image="registry.example/orders",
        settings=ContainerSettings(
            **{"user": "10001:20001", "capabilities_dropped": ("ALL",), "health_check": health_check(), **settings}
        ),
    )


def compose(**settings: Any) -> ComposeService:
    """Return the same from a Compose file, of which each key has a line of its own."""
    keys = ("user", "read_only", "privileged", "cap_add", "cap_drop", "healthcheck", "environment", "command")
    return ComposeService(
        substrate=SUBSTRATE,
        path="compose.yaml",
        source="",
        container="orders",
        position=0,
        image="orders",
        settings=ContainerSettings(
            **{"user": "10001:20001", "capabilities_dropped": ("ALL",), "health_check": health_check(), **settings}
        ),
        place="compose.yaml:2",
        places={key: f"compose.yaml:{line}" for line, key in enumerate(keys, 3)},
    )


def image(**facts: Any) -> ImageFacts:
    sound: dict[str, Any] = {
        "id": "sha256:built",
        "user": "10001:20001",
        "working_directory": "/app",
        "settings": ContainerSettings(health_check=health_check()),
        "users": (("root", 0, 0), ("app", 10001, 20001)),
        "groups": (("root", 0), ("app", 20001)),
        "privileged_files": (),
        "directories": ("/", "/app"),
        "open_directories": (),
        "sticky_directories": (),
        "shells": (),
        "files": 12,
    }
    return ImageFacts(substrate=SUBSTRATE, **{**sound, **facts})


def privileged_file(path: str = "/bin/su", **facts: Any) -> PrivilegedFile:
    return PrivilegedFile(path=path, **{"uid": 0, "gid": 0, "mode": 0o4755, **facts})


def process(**facts: Any) -> ProcessFacts:
    sound: dict[str, Any] = {
        "pid": 4711,
        "command": "node",
        "uids": (10001,) * 4,
        "gids": (20001,) * 4,
        "groups": (),
        "capabilities": NO_CAPABILITY,
        "no_new_privileges": True,
        "seccomp": 2,
    }
    return ProcessFacts(**{**sound, **facts})


def life(*processes: ProcessFacts, **facts: Any) -> Life:
    sound: dict[str, Any] = {
        "locations": LOCATIONS,
        "image_id": "sha256:built",
        "answered": True,
        "failure": "",
        "log_tail": (),
        "root_options": ("ro", "relatime"),
        "health_check": health_check(),
        "went_healthy": True,
        "went_unhealthy": True,
        "wavered": "",
        "health_output": "",
        "has_shell": False,
        "image_check": None,
        "image_check_working": None,
        "image_check_frozen": None,
        "exit_code": 0,
    }
    return Life(substrate=SUBSTRATE, processes=processes, **{**sound, **facts})


def build(**facts: Any) -> Build:
    sound = {"workload": "orders", "commit": "c" * 40, "image_id": "sha256:built", "failure": "", "failed_at": ""}
    return Build(substrate=SUBSTRATE, **{**sound, **facts})


def attempt(kind: str, *, refused: bool = True, what: str = "do it", where: str = "", answer: str = "") -> Attempt:
    return Attempt(kind=kind, what=what, where=where, refused=refused, answer=answer or ("EPERM" if refused else "0"))


def attempts(*tried: Attempt, settings: ContainerSettings = CONFINED) -> Attempts:
    return Attempts(substrate=SUBSTRATE, locations=LOCATIONS, attempts=tried, settings=settings)
