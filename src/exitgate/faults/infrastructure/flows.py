"""Faults of 3.3.A.3: flows that are not possible, and some that nobody listed."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, replaced

_FLOWS = "infra/flows.tf"
_NETWORK = "infra/modules/network/main.tf"
_SERVICE = "infra/modules/service/main.tf"
_BALANCER = "infra/modules/balancer/main.tf"
_DATABASE_FLOW = '    { source = "orders", destination = "orders-database", port = 5432, why = "Its own data" },\n'
_CACHE_FLOW = 'source = "catalog", destination = "cache", port = 6379'
_DEAF_LIST = """
resource "aws_network_acl" "data" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for name, subnet in aws_subnet.this : subnet.id if local.subnets[name].tier == "data"]

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = var.vpc_cidr
    from_port  = 0
    to_port    = 65535
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = var.vpc_cidr
    from_port  = 443
    to_port    = 443
  }
}
"""
_EVERYWHERE = """
resource "aws_vpc_security_group_egress_rule" "everywhere" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
"""
_SSH = """
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
"""

FAULTS = (
    fault(
        "3.3.A.3 allowed-flows-open",
        "flow-forgotten",
        "the rules between a service and its database were forgotten",
        replaced(_FLOWS, _DATABASE_FLOW, ""),
        location=_SERVICE,
        message="orders can't reach orders-database on tcp 5432",
    ),
    fault(
        "3.3.A.3 allowed-flows-open",
        "flow-on-another-port",
        "the rules of the cache are for another port",
        replaced(_FLOWS, _CACHE_FLOW, _CACHE_FLOW.replace("6379", "6380")),
        location=_FLOWS,
        message="catalog can't reach cache on tcp 6379",
    ),
    fault(
        "3.3.A.3 allowed-flows-open",
        "acl-without-answers",
        "a network ACL around the data tier lets requests in and no answers out",
        added(_NETWORK, _DEAF_LIST),
        location=_NETWORK,
        message="the answer stops at module.network.aws_network_acl.data",
    ),
    fault(
        "3.3.A.3 other-flows-closed",
        "neighbours-database",
        "a service may reach another one's database",
        replaced(
            _FLOWS,
            _DATABASE_FLOW,
            _DATABASE_FLOW + _DATABASE_FLOW.replace("orders", "catalog", 1).replace("Its own data", "Reports"),
        ),
        location=_FLOWS,
        message="catalog can reach orders-database on tcp 5432",
    ),
    fault(
        "3.3.A.3 other-flows-closed",
        "egress-everywhere",
        "tasks may send everything everywhere, as AWS's own default has it",
        added(_SERVICE, _EVERYWHERE),
        location=_SERVICE,
        message="can reach internet on every protocol and port",
    ),
    fault(
        "3.3.A.3 other-flows-closed",
        "ssh-from-everywhere",
        "the load balancer's group takes SSH from the internet",
        added(_BALANCER, _SSH),
        location=_BALANCER,
        message="internet can reach balancer on tcp 22",
    ),
)
