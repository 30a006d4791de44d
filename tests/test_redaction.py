"""Secrets are taken out before anything is written, and what is no secret stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.events import EventLog, read_events
from exitgate.evidence_folder import EvidenceFolder
from exitgate.redaction import HIDDEN, redact, redact_bytes, redact_tree

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nAAAA\n-----END RSA PRIVATE KEY-----"
PLANTED = {
    "private-key": (KEY, "MIIEow"),
    "openssh-key-cut": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n", "b3BlbnNz"),
    "github": ("token ghp_0123456789abcdefABCDEF0123", "ghp_"),
    "npm": ("npm_0123456789abcdefABCDEF", "npm_0"),
    "aws-id": ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
    "aws-secret": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalr"),
    "jwt": ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl", "c2lnbm"),
    "connection-string": ("postgresql://orders:hunter2hunter@db:5432/orders", "hunter2"),
    "at-sign-in-a-password": ("amqp://shop:hunt@er2@queue:5672/", "er2"),
    "libpq": ("host=db user=shop password=hunter2 dbname=shop", "hunter2"),
    "ado": ("Server=db;User Id=shop;Password=hunter2;", "hunter2"),
    "api-key-header": ('"x-api-key": "k3y-of-the-shop"', "k3y"),
    "bearer": ("Authorization: Bearer abcdef.ghijk", "ghijk"),
    "basic": ('"authorization": "Basic dXNlcjpwYXNz"', "dXNlc"),
    "cookie": ("Set-Cookie: session=s3cr3tvalue; Path=/", "s3cr3t"),
    "environment": ("it said very-secret-value!", "very-secret"),
}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_TOKEN", "very-secret-value")


@pytest.mark.parametrize(("text", "part"), PLANTED.values(), ids=PLANTED)
def test_a_planted_secret_is_taken_out_everywhere(secrets: None, tmp_path: Path, text: str, part: str) -> None:
    assert part not in redact(f"before {text} after")
    assert HIDDEN in redact(text)
    kept = EvidenceFolder(tmp_path).keep("seen.log", f"before\n{text}\nafter")
    assert part not in (tmp_path / kept.path).read_text()
    log = EventLog(tmp_path)
    log.append("checked", "t", message=text, findings=[{"got": text}])
    log.close()
    assert part not in (tmp_path / "events.jsonl").read_text()
    assert next(read_events(tmp_path))["event"] == "checked"
    assert part.encode() not in redact_bytes(b"\xff\xfe " + text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "apps/orders/Dockerfile:12: user root; expected another",
        "sha256:" + "a1" * 32,
        "https://docs.docker.com/build/",
        "postgresql://orders@db:5432/orders",
        "http://localhost:3000/healthz",
        "arn:aws:iam::123456789012:role/deploy",
        "the cookie and the token of the key",
        "password = var.password",
        "psql password=$PGPASSWORD, PASSWORD=<yours>",
        "oci://registry.example:5000/shop/orders@sha256:aa",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text, {}) == text


def test_of_the_environment_only_values_of_secret_names_are_taken_out() -> None:
    environment = {"HOME_TOWN": "Amsterdam-Noord", "DB_PASSWORD": "short", "KEY_TOKEN_FILE": "/run/secrets/token"}
    assert redact("Amsterdam-Noord short /run/secrets/token", environment) == "Amsterdam-Noord short /run/secrets/token"
    named = ("DB_PASS", "MYSQL_PWD", "SIGNING_KEY", "AUTH_HEADER", "NPM_CONFIG_AUTH", "SESSION_SECRET")
    assert {redact("abcdefgh", {name: "abcdefgh"}) for name in (*named, "npm_config__auth")} == {HIDDEN}
    longer = {"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefghijkl"}
    assert redact("abcdefghijkl", longer) == HIDDEN


def test_the_password_of_an_address_in_the_environment_is_taken_out_by_itself() -> None:
    given = {"EXITGATE_DATABASE_URL": "postgresql://maker:mind%20the%20gap@db:5432/theirs?sslmode=require"}
    assert redact("as mind the gap, as mind%20the%20gap, of maker", given) == f"as {HIDDEN}, as {HIDDEN}, of maker"
    assert redact("of maker at db", {"A_TOKEN": "postgresql://maker@db:5432/theirs"}) == "of maker at db"


def test_a_tree_keeps_its_shape() -> None:
    tree = {"a": ["AKIAIOSFODNN7EXAMPLE", 1, None, True], "b": {"c": ("x",)}}
    assert redact_tree(tree) == {"a": [HIDDEN, 1, None, True], "b": {"c": ["x"]}}
