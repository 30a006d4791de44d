"""Faults of 3.3.B.2.1 to 3.3.B.2.3: databases, Redis and RabbitMQ."""

from __future__ import annotations

from exitgate.faults.fault import FaultSite
from exitgate.faults.infrastructure.editing import fault, replaced

_DATABASE = "infra/modules/database/main.tf"
_CACHE = "infra/modules/cache/main.tf"
_FLOWS = "infra/flows.tf"
_BROKER = "infra/modules/broker/main.tf"
_TIER = "subnet_ids          = module.network.subnet_ids.data\n  size                = var.{}"
_OPEN_TIER = "subnet_ids          = module.network.subnet_ids.public\n  size                = var.{}"

_FLOW = '    { source = "orders", destination = "orders-database", port = 5432, why = "Its own data" },\n'
_MORE = '    { source = "catalog", destination = "orders-database", port = 5432, why = "Reports" },\n'
_PASSWORD = {"name": "RABBITMQ_PASSWORD", "value": "correct-horse-battery"}


def _password_in_task(site: FaultSite) -> None:
    site.edit_container(lambda container: container.setdefault("environment", []).append(_PASSWORD))


FAULTS = (
    fault(
        "3.3.B.2.1 own-database",
        "database-open-to-another",
        "another service reads a service's database for its reports",
        replaced(_FLOWS, _FLOW, _FLOW + _MORE),
        location=_FLOWS,
        message="the database of orders",
        also=frozenset({"3.3.A.3"}),
    ),
    fault(
        "3.3.B.2.3 user-from-secret",
        "broker-password-in-task",
        "the broker's password stands in a task definition",
        _password_in_task,
        location="infra/modules/service/main.tf",
        message="has a literal of the broker's user or password in its variable RABBITMQ_PASSWORD",
    ),
    fault(
        "3.3.B.2.1 protected",
        "database-unencrypted",
        "databases are not encrypted",
        replaced(
            _DATABASE, "storage_encrypted = true\n  kms_key_id        = var.data_key_arn", "storage_encrypted = false"
        ),
        location=_DATABASE,
        message="is not encrypted",
    ),
    fault(
        "3.3.B.2.1 protected",
        "database-without-tls",
        "databases let clients in without TLS",
        replaced(_DATABASE, 'name  = "rds.force_ssl"\n    value = "1"', 'name  = "rds.force_ssl"\n    value = "0"'),
        location=_DATABASE,
        message="takes connections without TLS",
    ),
    fault(
        "3.3.B.2.1 protected",
        "database-backups-short",
        "databases keep backups for a day",
        replaced(_DATABASE, "backup_retention_period   = 14", "backup_retention_period   = 1"),
        location=_DATABASE,
        message="keeps backups for a shorter time",
    ),
    fault(
        "3.3.B.2.1 protected",
        "database-in-public-subnet",
        "databases stand in the public tier",
        replaced("infra/main.tf", _TIER.format("database"), _OPEN_TIER.format("database")),
        location=_DATABASE,
        message="stands in a public subnet",
    ),
    fault(
        "3.3.B.2.1 own-database",
        "database-for-all",
        "one database is named after all services",
        replaced(
            "infra/main.tf",
            'name                = "${local.project}-${each.key}"\n  database            = each.key',
            'name                = "${local.project}-orders-catalog-${each.key}"\n  database            = each.key',
        ),
        location=_DATABASE,
        message="is the database of",
    ),
    fault(
        "3.3.B.2.2 encrypted",
        "cache-plain-at-rest",
        "Redis is not encrypted where it lies",
        replaced(
            _CACHE,
            "at_rest_encryption_enabled = true\n  kms_key_id                 = var.data_key_arn",
            "at_rest_encryption_enabled = false",
        ),
        location=_CACHE,
        message="is not encrypted at rest",
    ),
    fault(
        "3.3.B.2.2 encrypted",
        "cache-takes-plain",
        "Redis takes plain connections beside TLS",
        replaced(_CACHE, 'transit_encryption_mode    = "required"', 'transit_encryption_mode    = "preferred"'),
        location=_CACHE,
        message="takes plain connections too",
    ),
    fault(
        "3.3.B.2.2 private-and-authenticated",
        "cache-token-in-code",
        "the token of Redis stands in the code",
        replaced(_CACHE, "= module.token.password", '= "correct-horse-battery-staple"'),
        location=_CACHE,
        message="has a credential that stands in the code",
    ),
    fault(
        "3.3.B.2.3 private-and-encrypted",
        "broker-public",
        "the broker may be reached from the internet",
        replaced(_BROKER, "publicly_accessible = false", "publicly_accessible = true"),
        location=_BROKER,
        message="may be reached from the internet",
    ),
    fault(
        "3.3.B.2.3 logged",
        "broker-unlogged",
        "the broker keeps no logs",
        replaced(_BROKER, "general = true", "general = false"),
        location=_BROKER,
        message="keeps no logs",
    ),
    fault(
        "3.3.B.2.3 user-from-secret",
        "broker-password-in-code",
        "the broker's user and password stand in the code",
        replaced(
            _BROKER,
            "username = module.user.username\n    password = module.user.password",
            'username = "shop"\n    password = "correct-horse-battery"',
        ),
        location=_BROKER,
        message="has a password that stands in the code",
    ),
)
