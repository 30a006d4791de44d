"""Connections without TLS: by what a parameter group says, by AWS's default of the version, and unknown where neither tells."""

from __future__ import annotations

import pytest

from exitgate.checks.infrastructure import unprotected_databases
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Reference, Value
from tests.checks.infrastructure.plans import ORDERS, POLICY, STORES, clean, planned, resource

DATABASE = "aws_db_instance.orders"


def database(group: Value = None, parameters: Value = (), **values: Value) -> Infrastructure:
    everything = clean()
    everything[DATABASE] = resource(
        DATABASE, **{**everything[DATABASE].values, "parameter_group_name": group, **values}
    )
    made = resource("aws_db_parameter_group.orders", name="orders", parameter=parameters)
    return planned(*everything.values(), made)


def said(seen: Infrastructure) -> list[str]:
    return [each.got for each in unprotected_databases(seen, POLICY, ORDERS, STORES)]


def force(value: Value) -> Value:
    return ({"name": "log_statement", "value": "ddl"}, {"name": "rds.force_ssl", "value": value})


@pytest.mark.parametrize("group", ["orders", Reference("aws_db_parameter_group.orders", "name")])
def test_what_the_group_says_counts(group: Value) -> None:
    assert said(database(group, force("1"), engine_version="14.9")) == []
    assert said(database(group, force("0"))) == ["rds.force_ssl = 0"]


@pytest.mark.parametrize("group", [None, "default.postgres14", "orders"])
def test_where_it_is_silent_the_versions_default_counts(group: Value) -> None:
    assert said(database(group, engine_version="15")) == []
    assert said(database(group, engine_version="14.9")) == ["postgres 14.9, where it is off unless it is set"]


def test_other_engines_have_no_such_parameter() -> None:
    assert said(database(None, engine="mysql", engine_version="8.4")) == []


@pytest.mark.parametrize(
    ("seen", "key"),
    [
        (database(engine=UNKNOWN), "engine"),
        (database(engine_version=UNKNOWN), "engine_version"),
        (database("of-another-stack"), "parameter_group_name"),
        (database(UNKNOWN), "parameter_group_name"),
        (database("orders", UNKNOWN), "parameter"),
        (database("orders", force(UNKNOWN)), "parameter"),
    ],
)
def test_what_hangs_on_an_unknown_is_not_assessed_by_name(seen: Infrastructure, key: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=key):
        said(seen)
