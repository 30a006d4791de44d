"""Secrets planted in a stack that a real run plans and judges: none of them is in anything that the run leaves or prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.observe.terraform.real_plans import CONFIGURATION, PLANTED, STACKS, terraform_here

pytestmark = pytest.mark.slow

IN_STATE, IN_CODE, IN_ENVIRONMENT = "planted-in-state-61", "planted-in-code-62", "planted-in-environment-63"
OWN = '[target]\nname = "shop"\nrehearsal = true\nmaterialise = true\n'
CODE = f"""
resource "aws_elasticache_replication_group" "planted" {{
  replication_group_id = "planted"
  description          = "open"
  node_type            = "cache.t4g.micro"
  auth_token           = "{IN_CODE}"
}}

resource "aws_mq_broker" "planted" {{
  broker_name         = "planted"
  engine_type         = "RabbitMQ"
  engine_version      = "3.13"
  host_instance_type  = "mq.t3.micro"
  publicly_accessible = true

  user {{
    username = "planted"
    password = "{IN_CODE}"
  }}
}}
"""


@pytest.fixture
def left(tmp_path: Path) -> dict[str, bytes]:
    """What a run leaves on a stack with secrets, by name of the file; what it prints is one of them."""
    terraform_here()
    target = tmp_path / "target"
    shutil.copytree(STACKS / "machines", target)
    (target / "exitgate.toml").write_text(CONFIGURATION.replace('[target]\nname = "shop"\n', OWN), encoding="utf-8")
    (target / "infra" / "planted.tf").write_text(CODE, encoding="utf-8")
    state = {"version": 4, "outputs": {"password": {"value": IN_STATE, "type": "string"}}}
    (target / "infra" / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    words = ["run", "gate3", "--gate-target", str(target), "--gate-report", str(tmp_path / "report"), "-n", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "exitgate", *words, "--criterion", "infrastructure"],
        cwd=tmp_path,
        env={**os.environ, "TF_VAR_password": IN_ENVIRONMENT},
        capture_output=True,
        check=False,
        timeout=300,
    )
    files = [path for path in (tmp_path / "report").rglob("*") if path.is_file()]
    return {"printed": done.stdout + done.stderr} | {path.name: path.read_bytes() for path in files}


def test_no_secret_of_a_stack_is_in_anything_that_is_left(left: dict[str, bytes]) -> None:
    assert {"record.json", "events.jsonl", "index.html"} <= set(left)
    # What holds them was judged: by its place, and by its name.
    assert all(word in left["record.json"] for word in (b"infra/planted.tf:2", b"aws_mq_broker.planted"))
    planted = (PLANTED, IN_STATE, IN_CODE, IN_ENVIRONMENT)
    assert [(word, name) for word in planted for name, data in left.items() if word.encode() in data] == []
