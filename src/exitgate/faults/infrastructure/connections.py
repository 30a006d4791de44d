"""Faults of 3.3.C.2: flows that do not connect on a drawn network, and connections that nobody listed."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, each_of, fault, replaced

_FLOWS = "infra/flows.tf"
_CACHE = "infra/modules/cache/main.tf"
_BROKER_FLOW = 'source = "orders", destination = "broker", port = 5671'
_REFERENCE = 'referenced_security_group_id = each.value.source == "internet"'
_OPEN_CACHE = """
resource "aws_vpc_security_group_ingress_rule" "everybody_inside" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "10.20.0.0/16"
  ip_protocol       = "tcp"
  from_port         = 6379
  to_port           = 6379
}
"""
_WIDER = ("to_port                      = each.value.port\n", "to_port                      = each.value.port + 10\n")
_MODELLED = frozenset({"3.3.A.3"})

FAULTS = (
    fault(
        "3.3.C.2 allowed-connect",
        "way-out-forgotten",
        "a service may not send to the cache that lets it in",
        replaced(
            _FLOWS,
            'if flow.source != "internet" }',
            'if flow.source != "internet" && flow.destination != "cache" }',
        ),
        location=_CACHE,
        message="catalog did not connect to cache on tcp 6379",
        also=_MODELLED,
    ),
    fault(
        "3.3.C.2 allowed-connect",
        "broker-by-its-plain-port",
        "the rules between a service and the broker are for the port without TLS",
        replaced(_FLOWS, _BROKER_FLOW, _BROKER_FLOW.replace("5671", "5672")),
        location="infra/modules/broker/main.tf",
        message="orders did not connect to broker on tcp 5671",
        also=_MODELLED,
    ),
    fault(
        "3.3.C.2 allowed-connect",
        "tasks-in-no-group-of-theirs",
        "services run in the network's default group",
        replaced(
            "infra/modules/service/main.tf",
            "    security_groups  = [aws_security_group.this.id]\n",
            "    security_groups  = []\n",
        ),
        location="infra/modules/service/main.tf",
        message="balancer did not connect to orders on tcp 3000",
        also=_MODELLED,
    ),
    fault(
        "3.3.C.2 others-refused",
        "database-open-to-a-range",
        "a database lets in the services' addresses in place of its service's group",
        each_of(
            replaced(
                _FLOWS,
                '"0.0.0.0/0" : null',
                '"0.0.0.0/0" : each.value.destination == "orders-database" ? "10.20.16.0/20" : null',
            ),
            replaced(
                _FLOWS,
                f"{_REFERENCE} ? null",
                f'{_REFERENCE} || each.value.destination == "orders-database" ? null',
            ),
        ),
        location="infra/modules/database/main.tf",
        message="connected to orders-database on tcp 5432",
    ),
    fault(
        "3.3.C.2 others-refused",
        "cache-open-to-the-network",
        "the cache lets in whoever has an address inside",
        added(_CACHE, _OPEN_CACHE),
        location=_CACHE,
        message="connected to cache on tcp 6379",
    ),
    fault(
        "3.3.C.2 others-refused",
        "ports-beside-the-flows",
        "rules of flows end ten ports too late",
        each_of(replaced(_FLOWS, *_WIDER), replaced(_FLOWS, *_WIDER)),
        location="infra/modules/",
        message="connected to web on tcp 3010",
        also=_MODELLED,
    ),
)
