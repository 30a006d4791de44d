"""Which servers are refused before anything is made on them, and what says whose something is there."""

from __future__ import annotations

import pytest

from exitgate.errors import UsageError
from exitgate.process import DATABASE_URL_VARIABLE
from exitgate.provision.given_server import given_server, refuse_unfit
from exitgate.provision.ownership import mark, marked


@pytest.mark.parametrize("version", ["12.22", "9.6.24 (Debian 9.6.24-1)", "9.4beta1"])
def test_a_version_that_can_not_take_a_database_back_is_refused(version: str) -> None:
    with pytest.raises(UsageError) as told:
        refuse_unfit(version)
    assert str(told.value) == (
        f"--database-url: PostgreSQL {version}; expected a PostgreSQL on which databases may be made. Use 13 or later."
    )


@pytest.mark.parametrize("version", ["13.0", "18.1 (Debian 18.1-1.pgdg120+1)", "19beta2"])
def test_a_later_one_is_not(version: str) -> None:
    refuse_unfit(version)


def test_without_a_name_there_is_none() -> None:
    assert given_server({}) is None
    assert given_server({DATABASE_URL_VARIABLE: ""}) is None


def test_a_mark_is_read_as_it_was_written_and_nothing_else_is_one() -> None:
    assert marked(mark("20260101t000000z-abcdef", "host/boot/1/2")) == ("20260101t000000z-abcdef", "host/boot/1/2")
    for text in ("", "exitgate.run=", "exitgate.run=a", "the role of exitgate.run=a exitgate.owner=b", "exitgate"):
        assert marked(text) is None
