"""What a Compose service finds mounted, and what it is given of its host."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.settings import Mount
from tests.observe.compose.files import made, not_assessed

DECLARED = "volumes:\n  data:\n  bound: {driver_opts: {type: none, o: bind, device: /etc}}\n  nfs: {driver_opts: {device: ':/x'}}\n"


@pytest.mark.parametrize(
    ("written", "mount"),
    [
        ("data:/data", Mount(path="/data", read_only=False)),
        ("data:/data:ro", Mount(path="/data", read_only=True)),
        ("'data:/data:ro,z'", Mount(path="/data", read_only=True)),
        ("data:/data:rw", Mount(path="/data", read_only=False)),
        ("/data", Mount(path="/data", read_only=False)),
        ("./x:/data", Mount(path="/data", read_only=False, host_path="./x")),
        ("~/x:/data", Mount(path="/data", read_only=False, host_path="~/x")),
        ("bound:/data", Mount(path="/data", read_only=False, host_path="/etc")),
        ("nfs:/data", Mount(path="/data", read_only=False)),
        ("'C:\\x:/data'", Mount(path="/data", read_only=False, host_path="C:\\x")),
    ],
)
def test_a_volume_is_read_in_its_short_form(tmp_path: Path, written: str, mount: Mount) -> None:
    assert made(tmp_path, f"volumes: [{written}]", top=DECLARED).settings.mounts == (mount,)


@pytest.mark.parametrize(
    ("written", "mount"),
    [
        ("type: volume, source: data, target: /d", Mount(path="/d", read_only=False)),
        ("type: volume, source: data, target: /d, read_only: true", Mount(path="/d", read_only=True)),
        ("type: bind, source: /srv, target: /d", Mount(path="/d", read_only=False, host_path="/srv")),
        ("type: image, source: x, target: /d", Mount(path="/d", read_only=True)),
        ("type: tmpfs, target: /d, read_only: true", Mount(path="/d", read_only=True)),
    ],
)
def test_a_volume_is_read_in_its_long_form(tmp_path: Path, written: str, mount: Mount) -> None:
    assert made(tmp_path, f"volumes: [{{{written}}}]", top=DECLARED).settings.mounts == (mount,)


def test_a_tmpfs_may_be_read_only(tmp_path: Path) -> None:
    settings = made(tmp_path, "tmpfs: ['/a:ro,size=1m', '/b:mode=1777']").settings
    assert (settings.mounts, settings.temporary_mounts) == ((Mount(path="/a", read_only=True),), ("/b",))


def test_volumes_of_another_service_count(tmp_path: Path) -> None:
    other = "  other:\n    tmpfs: /t\n    volumes: ['data:/data', '/var/run/docker.sock:/sock']\n"
    service = made(tmp_path, "volumes_from: [other]", top=other + DECLARED)
    assert {mount.path for mount in service.settings.mounts} == {"/data", "/sock"}
    assert service.mount_locations == (("/data", "compose.yaml:4"), ("/sock", "compose.yaml:4"))
    assert [(share.got, share.location) for share in service.host_shares] == [
        ("/var/run/docker.sock", "compose.yaml:4")
    ]
    read_only = made(tmp_path, "volumes_from: ['other:ro']", top=other + DECLARED).settings
    assert read_only.writable_paths == ()


def test_volumes_of_what_no_service_describes_are_not_assessed(tmp_path: Path) -> None:
    assert not_assessed(tmp_path, "volumes_from: ['container:x']").subject == "compose.yaml:4"
    other = "  other: {volumes_from: [third]}\n  third: {}\n"
    assert not_assessed(tmp_path, "volumes_from: [other]", top=other).subject == "compose.yaml:4"


@pytest.mark.parametrize(
    ("line", "what", "got"),
    [
        ("network_mode: host", "the host's network namespace", "network_mode: host"),
        ("pid: host", "the host's pid namespace", "pid: host"),
        ("ipc: host", "the host's ipc namespace", "ipc: host"),
        ("uts: host", "the host's uts namespace", "uts: host"),
        ("userns_mode: host", "the host's user namespace", "userns_mode: host"),
        ("cgroup: host", "the host's cgroup namespace", "cgroup: host"),
        ("devices: ['/dev/sda:/dev/x:rwm']", "the host's device /dev/sda", "/dev/sda"),
        ("devices: [{source: /dev/sda}]", "the host's device /dev/sda", "/dev/sda"),
        ("device_cgroup_rules: ['a *:* rwm']", "devices of the host", "a *:* rwm"),
        ("security_opt: ['seccomp=unconfined']", "no confinement by the kernel's profile", "seccomp=unconfined"),
        ("security_opt: ['seccomp:unconfined']", "no confinement by the kernel's profile", "seccomp:unconfined"),
        ("security_opt: ['apparmor=unconfined']", "no confinement by the kernel's profile", "apparmor=unconfined"),
        ("security_opt: ['label:disable']", "no confinement by the kernel's profile", "label:disable"),
        ("volumes: ['/var/run/docker.sock:/x:ro']", "the host's /var/run/docker.sock", "/var/run/docker.sock"),
        ("volumes: ['/:/host:ro']", "the host's /", "/"),
        (
            "volumes: ['~/.docker/run/docker.sock:/x']",
            "the host's ~/.docker/run/docker.sock",
            "~/.docker/run/docker.sock",
        ),
        ("volumes: ['bound:/x']", "the host's /etc", "/etc"),
        ("use_api_socket: true", "the engine's own socket", "use_api_socket: true"),
        ("post_start: [{command: x, privileged: true}]", "all privileges for post_start", "privileged: true"),
    ],
)
def test_what_a_service_is_given_of_its_host_is_named_with_its_place(
    tmp_path: Path, line: str, what: str, got: str
) -> None:
    (share,) = made(tmp_path, line, top=DECLARED).host_shares
    assert (share.what, share.got, share.location) == (what, got, "compose.yaml:4")


@pytest.mark.parametrize(
    "line",
    [
        *("network_mode: bridge", "pid: service:db", "volumes: ['./data:/x', '../y:/y', '..:/z', '/srv/data:/w']"),
        *("security_opt: ['no-new-privileges:true']", "volumes: ['data:/etc', 'nfs:/n']", "ipc: shareable"),
    ],
)
def test_what_is_no_part_of_the_host_is_none(tmp_path: Path, line: str) -> None:
    assert made(tmp_path, line, top=DECLARED).host_shares == ()
