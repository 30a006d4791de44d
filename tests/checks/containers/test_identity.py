"""Rules on who a workload runs as, and on what ran."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import declared_strangers, foreign_images, processes_outside
from tests.checks.containers.builders import LOCATIONS, build, dockerfile, image, life, policy, process, task


def test_declared_users_inside_the_ranges_have_no_finding() -> None:
    assert declared_strangers(image(), task(), dockerfile(), policy()) == []


@pytest.mark.parametrize("user", ["10000:20000", "65535:30000", "app", "app:app", "10001", "0010001:0020001"])
def test_the_ends_of_the_ranges_names_and_padded_numbers_are_allowed(user: str) -> None:
    assert declared_strangers(image(user=user), task(user=user), dockerfile(), policy()) == []


@pytest.mark.parametrize(
    "user", ["9999:20000", "65536:20000", "10000:19999", "10000:30001", "app:root", "root:app", "10002"]
)
def test_an_id_one_step_outside_either_range_is_a_finding(user: str) -> None:
    (finding,) = declared_strangers(image(user=user), task(user=""), dockerfile(), policy())
    assert finding.location == "apps/orders/Dockerfile:4"
    assert finding.message.startswith("the image declares")
    assert repr(user) in finding.got
    assert finding.expected == "uid in 10000-65535 and gid in 20000-30000"


def test_the_numbers_that_a_declared_user_comes_to_are_shown() -> None:
    (finding,) = declared_strangers(image(user="root:app"), task(user=""), dockerfile(), policy())
    assert finding.got == "user 'root:app' = uid 0, gid 20001"


def test_an_image_without_a_user_is_root_and_located_at_its_stage() -> None:
    (finding,) = declared_strangers(image(user=""), task(user=""), dockerfile((5, "CMD", "x")), policy())
    assert finding.location == "apps/orders/Dockerfile:3"
    assert finding.got == "no user, which is root"


def test_a_task_without_a_user_leaves_the_decision_to_the_image() -> None:
    assert declared_strangers(image(), task(user=""), dockerfile(), policy()) == []


@pytest.mark.parametrize("user", ["0", "root", "app:root"])
def test_a_task_that_overrides_a_sound_image_is_a_finding_of_its_own(user: str) -> None:
    (finding,) = declared_strangers(image(), task(user=user), dockerfile(), policy())
    assert finding.location == "task.json:7"
    assert finding.message.startswith("the task definition declares")


def test_a_sound_task_does_not_excuse_the_image() -> None:
    (finding,) = declared_strangers(image(user="root"), task(), dockerfile(), policy())
    assert finding.message.startswith("the image declares")


@pytest.mark.parametrize("user", ["ghost", "app:ghosts", "-1", "10001:-1"])
def test_a_user_that_the_image_does_not_know_is_a_finding(user: str) -> None:
    (finding,) = declared_strangers(image(), task(user=user), dockerfile(), policy())
    assert finding.got == f"user {user!r}, which the image does not know"


def test_the_users_line_is_sought_in_the_stage_that_is_deployed() -> None:
    (finding,) = declared_strangers(image(user="root"), task(), dockerfile(), policy(), "build")
    assert finding.location == "apps/orders/Dockerfile:2"


def test_processes_inside_the_ranges_have_no_finding() -> None:
    seen = life(process(uids=(10000, 10000, 65535, 65535), gids=(20000, 20000, 30000, 30000), groups=(25000,)))
    assert processes_outside(seen, policy()) == []


def test_without_a_process_there_is_none_outside() -> None:
    assert processes_outside(life(), policy()) == []


@pytest.mark.parametrize("position", range(4))
def test_root_in_any_of_the_four_user_ids_is_a_finding(position: int) -> None:
    uids = tuple(0 if index == position else 10001 for index in range(4))
    (finding,) = processes_outside(life(process(uids=uids)), policy())
    assert finding.location == LOCATIONS.user
    assert finding.message == "process 'node' runs with uid 0"
    assert finding.got == f"uids {' '.join(map(str, uids))}, gids 20001 20001 20001 20001, groups none"


@pytest.mark.parametrize("position", range(4))
def test_root_in_any_of_the_four_group_ids_is_a_finding(position: int) -> None:
    gids = tuple(0 if index == position else 20001 for index in range(4))
    (finding,) = processes_outside(life(process(gids=gids)), policy())
    assert finding.message == "process 'node' runs with gid 0"


def test_a_supplementary_group_outside_the_range_is_a_finding() -> None:
    (finding,) = processes_outside(life(process(groups=(0, 20001))), policy())
    assert finding.message == "process 'node' runs with gid 0"
    assert finding.got.endswith("groups 0 20001")


@pytest.mark.parametrize("number", [9999, 65536])
def test_a_user_id_one_step_outside_is_a_finding(number: int) -> None:
    (finding,) = processes_outside(life(process(uids=(number,) * 4)), policy())
    assert finding.message.endswith(f"uid {number}")


@pytest.mark.parametrize("number", [19999, 30001])
def test_a_group_id_one_step_outside_is_a_finding(number: int) -> None:
    (finding,) = processes_outside(life(process(gids=(number,) * 4)), policy())
    assert finding.message.endswith(f"gid {number}")


def test_user_ids_are_not_measured_by_the_range_of_groups() -> None:
    # 40000 is a sound user id and no sound group id under this policy.
    assert processes_outside(life(process(uids=(40000,) * 4)), policy()) == []
    assert len(processes_outside(life(process(gids=(40000,) * 4)), policy())) == 1


def test_all_wrong_ids_of_a_process_are_named_sorted_and_once() -> None:
    (finding,) = processes_outside(life(process(uids=(8, 1, 8, 8), gids=(16,) * 4, groups=(3, 16))), policy())
    assert finding.message == "process 'node' runs with uid 1, uid 8, gid 3, gid 16"


def test_one_identity_is_named_once_and_two_are_named_twice() -> None:
    root = (0,) * 4
    seen = life(process(uids=root), process(pid=2, uids=root), process(pid=3, command="sh", uids=root), process(pid=4))
    assert len(processes_outside(seen, policy())) == 2


def test_what_ran_is_what_was_built() -> None:
    assert foreign_images(life(), build()) == []


def test_another_image_than_the_built_one_is_a_finding() -> None:
    (finding,) = foreign_images(life(image_id="sha256:other"), build())
    assert finding.location == LOCATIONS.definition
    assert (finding.expected, finding.got) == ("sha256:built", "sha256:other")


def test_two_empty_ids_are_not_the_same_image() -> None:
    (finding,) = foreign_images(life(image_id=""), build(image_id=""))
    assert finding.expected == "an image that was built"
