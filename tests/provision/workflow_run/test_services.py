"""Which servers a workflow asks for, and which of them can be had beside it."""

from __future__ import annotations

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.workflow_run import services_of
from exitgate.provision.workflow_run.services import Service
from tests.workflows import parsed

TEXT = """\
on: pull_request
jobs:
  a:
    runs-on: ubuntu-24.04
    services:
      db:
        image: postgres:18@sha256:aa
        env: {POSTGRES_PASSWORD: secret}
        ports: ["127.0.0.1:5432:5432"]
      cache:
        image: docker.io/library/redis:7-alpine
        ports: [6379:6379]
    steps: [{run: "true"}]
  b:
    runs-on: ubuntu-24.04
    services:
      other-name:
        image: postgres:18@sha256:aa
        env: {POSTGRES_PASSWORD: secret}
        ports: ["5432:5432/tcp"]
    steps: [{run: "true"}]
"""


def test_the_servers_of_all_jobs_are_named_once() -> None:
    found = services_of(parsed(TEXT))
    assert [(each.kind, each.port, each.environment) for each in found] == [
        ("postgres", 5432, {"POSTGRES_PASSWORD": "secret"}),
        ("redis", 6379, {}),
    ]
    assert all(isinstance(each, Service) and each.place.startswith(".github/") for each in found)
    assert services_of(parsed("on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{run: 'true'}]\n")) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("redis:7-alpine", "mongo:8", "mongo:8; expected one of postgres, rabbitmq, redis"),
        ("[6379:6379]", "[6380:6379]", "ports 6380:6379; expected 6379:6379"),
        ("[6379:6379]", '["6379"]', "ports 6379; expected 6379:6379"),
        ("        ports: [6379:6379]\n", "", "ports none"),
        (
            "{POSTGRES_PASSWORD: secret}",
            "{POSTGRES_PASSWORD: '${{ secrets.DB }}'}",
            "POSTGRES_PASSWORD by an expression",
        ),
        ("5432:5432/tcp", "5432:5432", None),
        (
            'env: {POSTGRES_PASSWORD: secret}\n        ports: ["5432',
            'env: {}\n        ports: ["5432',
            "two different servers",
        ),
    ],
)
def test_a_server_that_can_t_be_had_so_is_not_assessed(old: str, new: str, words: str | None) -> None:
    assert old in TEXT
    workflow = parsed(TEXT.replace(old, new))
    if words is None:
        assert len(services_of(workflow)) == 2
        return
    with pytest.raises(PrerequisiteMissing, match=words):
        services_of(workflow)
