"""A program that is run as another user: what it sees, what it is kept from, and how it ends."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.provision import confined
from exitgate.provision.confined import Bounds, Quarters, quarters
from exitgate.provision.ownership import Owner, new_run_id
from exitgate.waiting import wait_for

BOUNDS = Bounds(seconds=10, disk_bytes=10**9)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")


@pytest.fixture
def place() -> Iterator[Quarters]:
    with quarters(new_run_id(), str(Owner.of_this_process())) as made:
        yield made
    assert not made.folder.exists()


def sh(place: Quarters, script: str, bounds: Bounds = BOUNDS, **environment: str) -> confined.Ended:
    return place.run(["/bin/sh", "-c", script], cwd=place.home, environment=environment, bounds=bounds)


@as_root
def test_planted_credentials_are_not_seen(place: Quarters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("s3cret-file")
    (home / ".npmrc").write_text("//registry.invalid/:_authToken=s3cret-file")
    (home / ".aws" / "credentials").chmod(0o644)
    monkeypatch.setenv("HOME", str(home))
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN", "SSH_AUTH_SOCK", "DOCKER_HOST"):
        monkeypatch.setenv(name, "s3cret-variable")
    script = f"""
        env; id -u; id -G; cat /proc/$PPID/environ; cat ~/.aws/credentials ~/.npmrc {home}/.aws/credentials {home}/.npmrc
        ls -a ~; ls {place.folder}; echo done
    """
    ended = sh(place, script, GIVEN="to it")
    assert "s3cret" not in ended.output + ended.errors
    assert ended.output.endswith("done\n")
    lines = ended.output.splitlines()
    assert "GIVEN=to it" in lines
    assert str(place.user) in lines
    assert "0" not in lines
    assert lines[-3:] == [".", "..", "done"]
    names = {each.partition("=")[0] for each in lines if "=" in each}
    known = {"HOME", "TMPDIR", "PATH", "LANG", "NO_COLOR", "USER", "LOGNAME", "GIVEN", "PWD", "EXITGATE_CONFINED"}
    assert names - known <= {"EXITGATE_RUN", "SSL_CERT_FILE", "SSL_CERT_DIR", "OLDPWD", "_", "SHLVL"}


@as_root
def test_what_was_handed_over_is_its_own(place: Quarters) -> None:
    clone = place.folder / "clone"
    clone.mkdir()
    (clone / "a").write_text("a")
    (clone / "link").symlink_to("/etc/passwd")
    place.hand_over(clone)
    assert sh(place, f"echo b >{clone}/a && cat {clone}/a").output == "b\n"
    assert Path("/etc/passwd").stat().st_uid == 0


@as_root
def test_exit_code_and_both_outputs_are_told_whole(place: Quarters) -> None:
    ended = sh(place, "seq 1 200000; echo wrong >&2; exit 3")
    assert (ended.exit_code, ended.errors) == (3, "wrong\n")
    assert ended.output.startswith("1\n2\n")
    assert ended.output.endswith("200000\n")


@as_root
def test_a_program_that_hangs_ends_with_all_that_it_started(place: Quarters) -> None:
    bounds = Bounds(seconds=0.5, disk_bytes=10**9)
    file = place.home / "pids"
    start = time.monotonic()
    with pytest.raises(ObservationError, match=r"sh: no end after 0\.5 s"):
        sh(place, f"echo $$ >{file}; setsid sh -c 'echo $$ >>{file}; exec sleep 300' & wait", bounds)
    assert time.monotonic() - start < 8
    pids = file.read_text().split()
    assert len(pids) == 2
    assert [pid for pid in pids if Path(f"/proc/{pid}/cwd").exists()] == []


@as_root
def test_a_program_that_leaves_something_running_takes_it_along(place: Quarters) -> None:
    ended = sh(place, "setsid sleep 300 >/dev/null 2>&1 & echo $!")
    assert ended.exit_code == 0
    assert not Path(f"/proc/{ended.output.strip()}/cwd").exists()


@as_root
def test_a_program_that_fills_the_disk_is_ended(place: Quarters, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        frees = iter([10**9] + [10**9 - 10**7] * 100)

        @property
        def free(self) -> int:
            return next(self.frees)

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage())
    with pytest.raises(ObservationError, match="more than 1 MB of the disk taken"):
        sh(place, "sleep 60", Bounds(seconds=30, disk_bytes=10**6))


@as_root
def test_what_the_user_can_t_run_is_one_line(place: Quarters, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o700)
    with pytest.raises(ObservationError, match="can't be run by the user"):
        place.run([str(own)], cwd=place.home, environment={}, bounds=BOUNDS)


def test_without_root_nothing_is_assessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteMissing, match="another user"), quarters("run", "owner"):
        pass


@as_root
def test_in_a_network_of_its_own_it_is_the_same_user_and_reaches_nobody(place: Quarters) -> None:
    with subprocess.Popen(["unshare", "--net", "sleep", "60"]) as holder:
        try:
            theirs = Path(f"/proc/{holder.pid}/ns/net")
            own = Path("/proc/self/ns/net").readlink()
            wait_for(theirs.readlink, until=lambda seen: seen != own, timeout_s=5)
            alone = replace(place, network=str(theirs))
            ended = sh(
                alone, "id -u; id -g; id -G; readlink /proc/self/ns/net; tail -n +3 /proc/net/dev; env", GIVEN="to it"
            )
            assert ended.exit_code == 0, ended.errors
            user, group, groups, network, device, *rest = ended.output.splitlines()
            assert (user, group, groups) == (str(place.user), str(place.group), str(place.group))
            assert Path(network) == theirs.readlink() != own
            assert device.strip().startswith("lo:")
            assert "GIVEN=to it" in rest
        finally:
            holder.kill()
