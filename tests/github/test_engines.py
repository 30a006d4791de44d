"""Ranges of versions, after node-semver's documentation."""

from __future__ import annotations

import pytest

from exitgate.github.engines import allows, newest


@pytest.mark.parametrize(
    ("wanted", "version", "allowed"),
    [
        (">=20", "20", True),
        (">=20", "18", False),
        ("^20 || ^22", "22", True),
        ("^20 || ^22", "21", False),
        (">=20 <23", "22", True),
        (">=20 <23", "23", False),
        ("20.x", "20", True),
        ("20.x", "22", False),
        ("*", "22", True),
        ("", "22", True),
        ("18 - 20", "20", True),
        ("18 - 20", "22", False),
        ("~20.1", "20.1", True),
        ("~20.1", "20", False),
        ("^0.2.3", "0.2.4", True),
        ("^0.2.3", "0.3.0", False),
        ("20.11.0", "20", False),
        (">=20.11.0", "20", True),
        ("lts/*", "20", None),
    ],
)
def test_ranges(wanted: str, version: str, allowed: bool | None) -> None:
    assert allows(wanted, newest(version)) is allowed
