"""Where faults are injected: into a task definition, and nowhere else in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import TargetError
from exitgate.faults.fault import FaultSite
from exitgate.prove import _site
from exitgate.target import load_target
from tests.target_folder import SOUND, place

COMPOSED = SOUND.replace('task_definition = "deploy/orders.json"', 'compose = "deploy/orders.json"')


def test_a_workload_of_a_compose_file_takes_no_fault_and_says_so(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, COMPOSED))
    with pytest.raises(TargetError, match=r"orders: settings from a Compose file; expected a task definition"):
        FaultSite(target, target.workload("orders")).drop_task_user()


def test_a_workload_with_a_task_definition_is_chosen_where_there_is_one(tmp_path: Path) -> None:
    place(tmp_path, SOUND.replace('task_definition = "deploy/billing.json"', 'compose = "deploy/billing.json"'))
    assert _site(tmp_path).workload.name == "orders"
