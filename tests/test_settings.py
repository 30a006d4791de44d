"""How a container is to be run: what its settings come to."""

from __future__ import annotations

import pytest

from exitgate.settings import ContainerSettings, HealthCheck, Mount


def health_check(*command: str) -> HealthCheck:
    return HealthCheck(command=command, interval_s=30, timeout_s=5, retries=3, start_period_s=0)


@pytest.mark.parametrize(
    ("command", "is_set"),
    [
        (("CMD", "/check"), True),
        (("CMD-SHELL", "true"), True),
        (("/check",), True),
        (("CMD", "NONE"), True),
        (("NONE",), False),
        (("none",), False),
        ((), False),
    ],
)
def test_a_health_check_is_set_unless_it_is_empty_or_switched_off(command: tuple[str, ...], is_set: bool) -> None:
    assert health_check(*command).is_set is is_set


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (("CMD", "/check", "--now"), ("/check", "--now")),
        (("cmd", "/check"), ("/check",)),
        (("CMD-SHELL", "wget x || exit 1"), ("/bin/sh", "-c", "wget x || exit 1")),
        (("cmd-shell", "true"), ("/bin/sh", "-c", "true")),
        (("/check", "CMD"), ("/check", "CMD")),
    ],
)
def test_a_health_check_is_run_in_its_own_form(command: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    assert health_check(*command).arguments == arguments


def test_places_to_write_are_the_mounts_that_are_not_read_only_and_all_of_tmpfs() -> None:
    settings = ContainerSettings(
        mounts=(Mount(path="/data", read_only=False), Mount(path="/conf", read_only=True)), temporary_mounts=("/run",)
    )
    assert settings.writable_paths == ("/data", "/run")


def test_settings_that_say_nothing_give_nothing() -> None:
    nothing = ContainerSettings()
    assert nothing.writable_paths == ()
    assert not nothing.privileged
    assert not nothing.read_only_root
    assert not nothing.init_process
    assert (nothing.capabilities_added, nothing.capabilities_dropped) == ((), ())
