"""Migrations are tried on production's major version of PostgreSQL, or the difference is told."""

from __future__ import annotations

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.migrations.server_version import compared_with_production


@pytest.mark.parametrize(
    ("version", "declared", "image"),
    [
        ("18.6", None, "postgres:18.1"),
        ("18.6", None, "registry.example:5000/postgres:18-alpine@sha256:" + "0" * 64),
        ("16.2", "16.9", "postgres:18.1"),
        ("16.2", None, "postgres:v16"),
    ],
)
def test_the_same_major_version_is_told_of_no_further(version: str, declared: str | None, image: str) -> None:
    assert compared_with_production(version, declared, image) == ()


@pytest.mark.parametrize(
    ("version", "declared", "image", "wanted"),
    [
        ("18.6", None, "postgres:16.4", "16"),
        ("18.6", "17.2", "postgres:18.1", "17.2"),
        ("15.1", None, "registry.example:5000/postgres:18-alpine", "18"),
    ],
)
def test_another_one_is_one_line(version: str, declared: str | None, image: str, wanted: str) -> None:
    with pytest.raises(PrerequisiteMissing) as told:
        compared_with_production(version, declared, image)
    said = str(told.value)
    assert f"PostgreSQL {version}; expected the major version of production, {wanted}." in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "image", ["postgres", "postgres:latest", "registry.example:5000/postgres", "postgres@sha256:18"]
)
def test_where_nobody_declares_one_that_is_a_limit(image: str) -> None:
    assert compared_with_production("18.6", None, image) == (
        "production's version of PostgreSQL is not declared: it may be another than 18.6",
    )
