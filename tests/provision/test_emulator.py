"""The emulator of AWS: where it listens, what it can do, how it ends, and what is said where it does not start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError
from exitgate.process import Completed
from exitgate.provision.emulator import (
    Capabilities,
    Emulator,
    Installation,
    emulator_cache,
    installed_emulator,
    probe,
    throwaway_emulator,
)
from exitgate.provision.scratch import marked_folders
from exitgate.provision.sweep import of_run
from tests.runs import run_in

RUN = run_in(name="20260101t000000z-em0001")
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def installation() -> Installation:
    try:
        return installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def emulator(installation: Installation) -> Iterator[Emulator]:
    with throwaway_emulator(RUN, installation, REGION) as started:
        yield started


def listening_sockets(pid: int) -> list[str]:
    """Return the addresses on which a process listens or takes datagrams, as the kernel writes them: hexadecimal address, port."""
    folder = Path(f"/proc/{pid}")
    own = {str(link.readlink()) for link in (folder / "fd").iterdir() if link.exists() or link.is_symlink()}
    found = []
    for table, states in (("tcp", ("0A",)), ("tcp6", ("0A",)), ("udp", ("07",)), ("udp6", ("07",))):
        for line in (folder / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] in states and f"socket:[{fields[9]}]" in own:
                found.append(fields[1])
    return found


@pytest.mark.skipif(not Path("/proc/self/net/tcp").is_file(), reason="needs Linux's /proc")
def test_it_listens_on_one_port_of_loopback_and_nowhere_else(emulator: Emulator) -> None:
    assert listening_sockets(emulator.process.pid) == [f"0100007F:{emulator.port:04X}"]


def test_a_sweep_finds_it_by_its_run(emulator: Emulator) -> None:
    assert str(emulator.process.pid) in {each.name for each in of_run(None, RUN.id) if each.kind == "process"}


def test_what_it_can_do_is_tried_out(emulator: Emulator) -> None:
    seen = probe(emulator.client)
    assert seen.keeps_accounts_apart
    assert seen.enforces_iam
    assert [each for each in seen.limits if "no task runs on it" in each] == list(seen.limits)


def test_probes_leave_nothing_behind(emulator: Emulator) -> None:
    probe(emulator.client)
    for account in ("910000000001", "910000000002"):
        assert emulator.client("logs", account).describe_log_groups()["logGroups"] == []
        assert emulator.client("iam", account).list_users()["Users"] == []


def test_an_account_is_the_key_that_a_request_is_signed_with_whatever_the_user_has_set(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    identity = emulator.client("sts", "123456789012").get_caller_identity()
    assert identity["Account"] == "123456789012"


def test_a_request_that_is_asked_again_makes_nothing_twice(emulator: Emulator) -> None:
    client = emulator.client("ec2", "123456789013")
    client.meta.events.register_last(
        "before-send.ec2.CreateVpc", lambda request, **_: request.headers.__setitem__("amz-sdk-invocation-id", b"same")
    )
    made = [client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
    assert made[0] == made[1]
    ranges = [each["CidrBlock"] for each in client.describe_vpcs()["Vpcs"]]
    assert ranges.count("10.9.0.0/16") == 1


def test_one_that_dies_is_told_with_what_it_said_last(installation: Installation) -> None:
    with throwaway_emulator(RUN, installation, REGION) as emulator:
        emulator.check()
        emulator.process.kill()
        emulator.process.wait()
        with pytest.raises(ObservationError, match=r"ended with exit code -9; it said last: .*Running on"):
            emulator.check()
        folder = emulator.folder
    assert folder not in {path for path, _, _ in marked_folders()}


def test_one_that_does_not_start_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "never.py").write_text("raise SystemExit('no room')\n", encoding="utf-8")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    broken = Installation(name="never", version="0", python=program)
    expected = r"emulator never 0: it ended with exit code 1 .*no room; expected an answer"
    with pytest.raises(ProvisionError, match=expected), throwaway_emulator(RUN, broken, REGION):
        pytest.fail("it can't be running")


def test_one_that_mixes_accounts_up_is_refused() -> None:
    class Mixed:
        """Every client of an emulator with one account for all."""

        groups: dict[str, None] = {}  # noqa: RUF012 - shared on purpose: that is the fault

        def get_caller_identity(self) -> dict[str, str]:
            return {"Account": "000000000000"}

        def create_log_group(self, *, logGroupName: str) -> None:  # noqa: N803
            self.groups[logGroupName] = None

        def delete_log_group(self, *, logGroupName: str) -> None:  # noqa: N803
            self.groups.pop(logGroupName, None)

        def describe_log_groups(self, *, logGroupNamePrefix: str) -> dict[str, list[str]]:  # noqa: N803
            return {"logGroups": [name for name in self.groups if name.startswith(logGroupNamePrefix)]}

        def __getattr__(self, name: str) -> object:
            return lambda **_: {
                "AccessKey": {"AccessKeyId": "1", "SecretAccessKey": "2"},
                "taskDefinition": {"taskDefinitionArn": "arn"},
                "tasks": [],
            }

    with pytest.raises(ProvisionError, match="one account sees what another has"):
        probe(lambda *_: Mixed())


def test_no_limit_is_told_of_one_that_can_do_everything() -> None:
    assert Capabilities(keeps_accounts_apart=True, enforces_iam=True, believes_no_image=True).limits == ()


def test_it_is_kept_under_the_digest_of_what_is_in_it(installation: Installation) -> None:
    assert installation.python.parent.parent.parent == emulator_cache()
    assert installed_emulator() == installation


def test_where_it_can_t_be_installed_that_is_a_prerequisite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(words: list[str], **_: object) -> Completed:
        failed = "pip" in words
        says = "WARNING: a mirror is gone\nERROR: No matching distribution found for ministack\n"
        return Completed(arguments=tuple(words), exit_code=int(failed), stdout="", stderr=says if failed else "")

    monkeypatch.setattr("exitgate.provision.emulator.installation.run_tool", refuse)
    expected = "emulator of AWS: it can't be installed: ERROR: No matching distribution found"
    with pytest.raises(PrerequisiteMissing, match=expected):
        installed_emulator(tmp_path)
    # A second try starts from nothing, and does not take the half for the whole.
    assert not list(tmp_path.glob("*/installed.json"))
