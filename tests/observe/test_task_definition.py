"""A container's settings from a task definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.dockerfile import Dockerfile, Instruction
from exitgate.errors import ObservationError
from exitgate.observe.ecs import read_task_definition
from exitgate.observe.task_definition import TaskDefinition, locations_of
from exitgate.observe.workload_settings import read_workload_settings
from exitgate.settings import ContainerSettings, HealthCheck, Mount
from exitgate.target import BackingUse, Workload

WHOLE = """\
{
  "family": "shop",
  "cpu": "256",
  "requiresCompatibilities": ["FARGATE"],
  "volumes": [{ "name": "data", "host": { "sourcePath": "/srv/data" } }, { "name": "scratch" }],
  "containerDefinitions": [
    { "name": "log-router", "image": "router" },
    {
      "name": "orders",
      "image": "registry.example/orders:1",
      "user": "10001:10002",
      "privileged": false,
      "readonlyRootFilesystem": true,
      "linuxParameters": {
        "capabilities": {
          "add": ["CHOWN"],
          "drop": ["ALL"]
        },
        "initProcessEnabled": true,
        "tmpfs": [{ "containerPath": "/run", "size": 64 }]
      },
      "entryPoint": ["/bin/app"],
      "command": ["serve", "--now"],
      "workingDirectory": "/app",
      "environment": [{ "name": "A", "value": "1" }, { "name": "B", "value": "" }],
      "secrets": [{ "name": "C", "valueFrom": "arn" }],
      "healthCheck": {
        "command": ["CMD", "/check"],
        "interval": 10,
        "timeout": 3,
        "retries": 5,
        "startPeriod": 7
      },
      "stopTimeout": 20,
      "mountPoints": [
        { "sourceVolume": "data", "containerPath": "/data", "readOnly": true },
        { "sourceVolume": "scratch", "containerPath": "/tmp" },
        { "sourceVolume": "unknown", "containerPath": "/x" }
      ],
      "memory": 512
    }
  ]
}
"""


def read(folder: Path, text: str | bytes, container: str = "orders") -> TaskDefinition:
    (folder / "task.json").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_task_definition(folder, "task.json", container)


def made(folder: Path, **container: Any) -> TaskDefinition:
    definition = {"name": "orders", "image": "orders", **container}
    return read(folder, json.dumps({"family": "shop", "containerDefinitions": [definition]}))


def refusal(folder: Path, text: str | bytes, container: str = "orders") -> ObservationError:
    with pytest.raises(ObservationError) as caught:
        read(folder, text, container)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.subject.startswith("task.json")
    return caught.value


def test_all_settings_of_a_container_are_read(tmp_path: Path) -> None:
    task = read(tmp_path, WHOLE)
    assert (task.path, task.container, task.position, task.image) == (
        "task.json",
        "orders",
        1,
        "registry.example/orders:1",
    )
    assert task.source == WHOLE
    assert task.substrate.assurance is Assurance.DECLARED
    assert task.settings == ContainerSettings(
        user="10001:10002",
        read_only_root=True,
        privileged=False,
        capabilities_added=("CHOWN",),
        capabilities_dropped=("ALL",),
        entrypoint=("/bin/app",),
        command=("serve", "--now"),
        working_directory="/app",
        environment=(("A", "1"), ("B", "")),
        health_check=HealthCheck(command=("CMD", "/check"), interval_s=10, timeout_s=3, retries=5, start_period_s=7),
        stop_timeout_s=20,
        mounts=(
            Mount(path="/data", read_only=True, host_path="/srv/data"),
            Mount(path="/tmp", read_only=False),
            Mount(path="/x", read_only=False),
        ),
        temporary_mounts=("/run",),
        init_process=True,
        memory_bytes=512 * 1024 * 1024,
    )


def test_what_is_not_given_is_as_ecs_has_it(tmp_path: Path) -> None:
    assert made(tmp_path).settings == ContainerSettings(stop_timeout_s=30)
    check = made(tmp_path, healthCheck={"command": ["CMD", "x"]}).settings.health_check
    assert check == HealthCheck(command=("CMD", "x"), interval_s=30, timeout_s=5, retries=3, start_period_s=0)


def test_another_container_of_the_same_task_lends_nothing(tmp_path: Path) -> None:
    task = read(tmp_path, WHOLE, "log-router")
    assert (task.position, task.image) == (0, "router")
    assert task.settings == ContainerSettings()


@pytest.mark.parametrize("key", ["privileged", "readonlyRootFilesystem"])
def test_a_switch_is_read_as_it_stands(tmp_path: Path, key: str) -> None:
    on, off = made(tmp_path, **{key: True}).settings, made(tmp_path, **{key: False}).settings
    assert (on.privileged, on.read_only_root) == (key == "privileged", key != "privileged")
    assert (off.privileged, off.read_only_root) == (False, False)


def test_variables_whose_values_stand_elsewhere_are_told_by_name_and_file(tmp_path: Path) -> None:
    own = {
        "name": "a",
        "image": "a",
        "secrets": [{"name": "NODE_OPTIONS", "valueFrom": "arn"}],
        "environmentFiles": [{"value": "arn:aws:s3:::b/e.env", "type": "s3"}],
    }
    (tmp_path / "t.json").write_text(json.dumps({"family": "f", "containerDefinitions": [own]}), encoding="utf-8")
    read = read_task_definition(tmp_path, "t.json", "a")
    assert (read.secret_variables, read.environment_files) == (("NODE_OPTIONS",), ("arn:aws:s3:::b/e.env",))


def test_an_unknown_key_is_left_alone(tmp_path: Path) -> None:
    assert made(tmp_path, newOfThisYear={"a": 1}).settings == made(tmp_path).settings


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 8),
        (("user",), 11),
        (("privileged",), 12),
        (("readonlyRootFilesystem",), 13),
        (("linuxParameters", "capabilities"), 15),
        (("linuxParameters", "capabilities", "add"), 16),
        (("linuxParameters", "nothing"), 14),
        (("healthCheck",), 27),
        (("nothing",), 8),
    ],
)
def test_a_key_is_located_in_its_own_container(tmp_path: Path, keys: tuple[str, ...], line: int) -> None:
    assert read(tmp_path, WHOLE).locate(*keys) == f"task.json:{line}"


DOCKERFILE = Dockerfile(
    path="Dockerfile",
    defaults={},
    instructions=tuple(
        Instruction(line=line, name=name, value=value)
        for line, name, value in (
            (1, "FROM", "a AS build"),
            (2, "USER", "0"),
            (3, "FROM", "b"),
            (4, "USER", "1"),
            (5, "HEALTHCHECK", "x"),
        )
    ),
)


def test_settings_are_located_in_the_task_and_the_images_own_in_its_dockerfile(tmp_path: Path) -> None:
    found = locations_of(read(tmp_path, WHOLE), DOCKERFILE)
    assert (found.definition, found.user, found.capabilities) == ("task.json:8", "task.json:11", "task.json:15")
    assert (found.privileged, found.read_only_root) == ("task.json:12", "task.json:13")
    assert (found.health_check, found.image_health_check) == ("task.json:27", "Dockerfile:5")


def test_without_a_user_in_the_task_the_dockerfile_decides_it(tmp_path: Path) -> None:
    task = read(tmp_path, WHOLE, "log-router")
    assert locations_of(task, DOCKERFILE).user == "Dockerfile:4"
    assert locations_of(task, DOCKERFILE, "build").user == "Dockerfile:2"
    assert locations_of(task, DOCKERFILE, "build").image_health_check == "Dockerfile:1"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="No such file"):
        read_task_definition(tmp_path, "task.json", "orders")


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", "\ufeff{}", b"\xff{}"])
def test_a_file_that_is_no_json_is_an_error(tmp_path: Path, text: str | bytes) -> None:
    assert refusal(tmp_path, text).expected == "an ECS task definition in JSON"


def test_a_json_error_names_its_line(tmp_path: Path) -> None:
    assert "line 3" in refusal(tmp_path, '{\n"family": "shop",\n"x" 1\n}').got


@pytest.mark.parametrize("text", ["[]", "1", "null", '"text"', "{}", '{"family": "shop", "containerDefinitions": []}'])
def test_json_that_is_no_task_definition_is_an_error(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).expected == "what ECS accepts in a task definition"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got"),
    [
        ('"user": "10001:10002"', '"user": 10001', 11, "containerDefinitions.1.user"),
        ('"image": "registry.example/orders:1",', "", 8, "containerDefinitions.1.image"),
        ('"privileged": false', '"privileged": "maybe"', 12, "containerDefinitions.1.privileged"),
        ('"drop": ["ALL"]', '"drop": "ALL"', 17, "containerDefinitions.1.linuxParameters.capabilities.drop"),
        ('"interval": 10', '"interval": 4', 29, "containerDefinitions.1.healthCheck.interval"),
        ('"interval": 10', '"interval": 301', 29, "containerDefinitions.1.healthCheck.interval"),
        ('"timeout": 3', '"timeout": 1', 30, "containerDefinitions.1.healthCheck.timeout"),
        ('"timeout": 3', '"timeout": 121', 30, "containerDefinitions.1.healthCheck.timeout"),
        ('"retries": 5', '"retries": 0', 31, "containerDefinitions.1.healthCheck.retries"),
        ('"retries": 5', '"retries": 11', 31, "containerDefinitions.1.healthCheck.retries"),
        ('"startPeriod": 7', '"startPeriod": 301', 32, "containerDefinitions.1.healthCheck.startPeriod"),
        ('"stopTimeout": 20', '"stopTimeout": 121', 34, "containerDefinitions.1.stopTimeout"),
        ('"containerPath": "/tmp"', '"path": "/tmp"', 37, "containerDefinitions.1.mountPoints.1.containerPath"),
        ('["FARGATE"]', '["KUBERNETES"]', 4, "requiresCompatibilities.0"),
        ('"family": "shop"', '"families": "shop"', 1, "family"),
    ],
)
def test_what_ecs_would_refuse_is_an_error_at_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, got: str
) -> None:
    assert right in WHOLE
    error = refusal(tmp_path, WHOLE.replace(right, wrong, 1))
    assert error.subject == f"task.json:{line}"
    assert error.got.startswith(f"{got}: ")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"interval": 10', '"interval": 5'),
        ('"interval": 10', '"interval": 300'),
        ('"timeout": 3', '"timeout": 2'),
        ('"timeout": 3', '"timeout": 120'),
        ('"retries": 5', '"retries": 1'),
        ('"retries": 5', '"retries": 10'),
        ('"startPeriod": 7', '"startPeriod": 300'),
        ('"stopTimeout": 20', '"stopTimeout": 120'),
        ('"stopTimeout": 20', '"stopTimeout": 0'),
    ],
)
def test_the_ends_of_what_ecs_takes_are_taken(tmp_path: Path, right: str, wrong: str) -> None:
    assert read(tmp_path, WHOLE.replace(right, wrong, 1)).container == "orders"


def test_a_container_that_is_not_there_is_an_error_with_those_that_are(tmp_path: Path) -> None:
    error = refusal(tmp_path, WHOLE, "billing")
    assert error.got == "containers log-router, orders"
    assert error.expected == "exactly one named 'billing'"


def test_a_container_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    assert refusal(tmp_path, WHOLE.replace('"log-router"', '"orders"')).got == "containers orders, orders"


def test_a_definition_of_endless_depth_is_an_error_of_ours(tmp_path: Path) -> None:
    refusal(tmp_path, '{"family": ' + "[" * 20000 + "]" * 20000 + "}")


def test_what_a_container_is_given_of_its_host_is_named_with_its_place(tmp_path: Path) -> None:
    definition = {
        "family": "shop",
        "networkMode": "host",
        "pidMode": "host",
        "ipcMode": "host",
        "volumes": [{"name": "a", "host": {"sourcePath": "/var/run/docker.sock"}}, {"name": "b"}],
        "containerDefinitions": [
            {
                "name": "orders",
                "image": "orders",
                "dockerSecurityOptions": ["seccomp:unconfined", "no-new-privileges"],
                "linuxParameters": {"devices": [{"hostPath": "/dev/sda"}]},
                "mountPoints": [
                    {"sourceVolume": "a", "containerPath": "/sock"},
                    {"sourceVolume": "b", "containerPath": "/tmp"},
                ],
            }
        ],
    }
    task = read(tmp_path, json.dumps(definition, indent=1))
    got = ["networkMode: host", "pidMode: host", "ipcMode: host", "seccomp:unconfined", "/dev/sda"]
    assert [share.got for share in task.host_shares] == [*got, "/var/run/docker.sock"]
    lines = task.source.splitlines()
    wanted = ("networkMode", "pidMode", "ipcMode", "dockerSecurityOptions", "devices", "{")
    for share, word in zip(task.host_shares, wanted, strict=True):
        assert word in lines[int(share.location.removeprefix("task.json:")) - 1]
    assert task.settings.security_options == ("seccomp:unconfined", "no-new-privileges")


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        *((path, True) for path in ("/", "//", "/etc/", "/srv/../etc", "/var", "/run/containerd", "/var/spool/cron/x")),
        *((path, False) for path in ("/srv/data", "/etcetera", "/var/log", "")),
    ],
)
def test_a_folder_that_rules_the_host_is_told_from_data(tmp_path: Path, path: str, rules: bool) -> None:
    container = {"name": "orders", "image": "o", "mountPoints": [{"sourceVolume": "v", "containerPath": "/x"}]}
    volume = {"name": "v", "host": {"sourcePath": path}}
    text = json.dumps({"family": "shop", "volumes": [volume], "containerDefinitions": [container]})
    assert bool(read(tmp_path, text).host_shares) is rules


def _sharing(*taken: dict[str, Any]) -> str:
    other = [
        {"sourceVolume": "a", "containerPath": "/a"},
        {"sourceVolume": "b", "containerPath": "/b", "readOnly": True},
        {"sourceVolume": "sock", "containerPath": "/own"},
    ]
    definition = {
        "family": "shop",
        "volumes": [{"name": "a"}, {"name": "b"}, {"name": "sock", "host": {"sourcePath": "/run/docker.sock"}}],
        "containerDefinitions": [
            {
                "name": "orders",
                "image": "o",
                "mountPoints": [{"sourceVolume": "a", "containerPath": "/own"}],
                "volumesFrom": list(taken),
            },
            {"name": "agent", "image": "a", "mountPoints": other, "volumesFrom": [{"sourceContainer": "third"}]},
            {"name": "third", "image": "t", "mountPoints": [{"sourceVolume": "sock", "containerPath": "/s"}]},
        ],
    }
    return json.dumps(definition, indent=1)


def test_volumes_of_another_container_count_as_its_own_but_after_them(tmp_path: Path) -> None:
    task = read(tmp_path, _sharing({"sourceContainer": "agent"}, {"sourceContainer": "orders"}))
    assert task.settings.mounts == (
        Mount(path="/own", read_only=False),
        Mount(path="/a", read_only=False),
        Mount(path="/b", read_only=True),
        Mount(path="/s", read_only=False, host_path="/run/docker.sock"),
    )
    line = next(n for n, text in enumerate(task.source.splitlines(), 1) if '"volumesFrom"' in text) + 1
    assert dict(task.mount_locations)["/a"] == f"task.json:{line}"
    assert [(share.got, share.location) for share in task.host_shares] == [("/run/docker.sock", f"task.json:{line}")]


def test_volumes_that_are_taken_to_be_read_can_not_be_written_to(tmp_path: Path) -> None:
    task = read(tmp_path, _sharing({"sourceContainer": "agent", "readOnly": True}))
    assert task.settings.writable_paths == ("/own",)
    assert [path for path, _ in task.mount_locations] == ["/own"]


def test_volumes_of_a_container_that_is_not_there_are_an_error(tmp_path: Path) -> None:
    error = refusal(tmp_path, _sharing({"sourceContainer": "none"}))
    assert error.got == "volumes from 'none', which is not there"
    assert error.expected == "one of orders, agent, third"


def test_parameters_of_the_kernel_are_read_and_are_no_share_of_the_host(tmp_path: Path) -> None:
    task = made(tmp_path, systemControls=[{"namespace": "net.core.somaxconn", "value": "1024"}])
    assert task.settings.kernel_parameters == (("net.core.somaxconn", "1024"),)
    assert task.host_shares == ()


def test_the_other_containers_of_a_task_are_its_neighbours(tmp_path: Path) -> None:
    (other,) = read(tmp_path, WHOLE).neighbours
    assert (other.name, other.privileged, other.capabilities_added, other.location) == (
        "log-router",
        False,
        (),
        "task.json:7",
    )


def test_what_another_container_is_given_of_the_host_is_named_too(tmp_path: Path) -> None:
    definition = {
        "family": "shop",
        "volumes": [{"name": "a", "host": {"sourcePath": "/var/run/docker.sock"}}],
        "containerDefinitions": [
            {"name": "agent", "image": "a", "mountPoints": [{"sourceVolume": "a", "containerPath": "/sock"}]},
            {"name": "orders", "image": "orders"},
        ],
    }
    (share,) = read(tmp_path, json.dumps(definition, indent=1)).host_shares
    assert (share.what, share.got) == ("agent beside it the host's /var/run/docker.sock", "/var/run/docker.sock")


def _workload(**more: Any) -> Workload:
    return Workload(name="orders", path=".", dockerfile="Dockerfile", port=1, task_definition="task.json", **more)


def test_a_workload_may_be_given_what_its_task_definition_does_not_set(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(WHOLE, encoding="utf-8")
    use = BackingUse.model_validate("store/orders")
    given = _workload(backing={"A": use, "D": use}).model_copy(update={"environment": {"B": "", "E": "5"}})
    assert read_workload_settings(tmp_path, given).settings.environment == (("A", "1"), ("B", ""))


def test_another_value_than_productions_is_refused_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(ObservationError) as caught:
        read_workload_settings(tmp_path, _workload().model_copy(update={"environment": {"A": "2"}}))
    number = next(n for n, text in enumerate(WHOLE.splitlines(), 1) if '"environment"' in text)
    assert caught.value.subject == f"task.json:{number}"
    assert caught.value.got.startswith("A,")
