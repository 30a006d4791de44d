"""Builds of stages: two that are under way at once share neither identity file nor tag nor log."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from exitgate.fixtures import containers, migrations

from exitgate.evidence_folder import EvidenceFolder
from exitgate.process import Completed
from exitgate.provision import images
from exitgate.provision.engine import Builder, Engine
from tests.runs import run_in


def test_a_stage_of_today_and_one_of_the_previous_release_share_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS build\n", encoding="utf-8")
    commands: list[list[str]] = []

    def run_tool(command: list[str], **_: object) -> Completed:
        commands.append(command)
        return Completed(arguments=tuple(command), exit_code=1, stdout="", stderr="no")

    monkeypatch.setattr(images, "run_tool", run_tool)
    monkeypatch.setattr(images, "client_environment", lambda _: {})
    monkeypatch.setattr(images, "commit_time", lambda _: "0")
    workload = SimpleNamespace(name="app", dockerfile="Dockerfile", build_args={}, stage=None, context=".")
    target = SimpleNamespace(
        directory=tmp_path,
        configuration=SimpleNamespace(substitute={}, service=[workload]),
        workload=lambda _: workload,
    )
    given = {
        "engine": cast("Engine", SimpleNamespace(version="1", tool=None, address="")),
        "builder": cast("Builder", SimpleNamespace(executable="docker", tool=None)),
        "run": run_in(tmp_path),
        "target": target,
        "gate_session": SimpleNamespace(evidence=EvidenceFolder(tmp_path / "report")),
    }
    monkeypatch.setattr(containers, "read_built_stages", lambda *words: words[4]("build"))
    today = undecorated(containers.built_stages)(
        **given,
        workload=workload,
        dockerfile=None,
        image=None,
        task_definition=SimpleNamespace(settings=None),
    )
    ground = undecorated(migrations.predecessor_ground)(
        **given, service=workload, previous_target=target, previous_build=SimpleNamespace()
    )
    earlier = ground.build("build")
    own, other = ({word for word in command if word.startswith(("--iidfile", "--tag"))} for command in commands)
    assert len(own) == len(other) == 2
    assert not own & other
    assert today.evidence[0].name != earlier.evidence[0].name


def undecorated(fixture: Any) -> Any:
    """Return a fixture's own function."""
    return fixture._get_wrapped_function()
