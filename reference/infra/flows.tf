# Who may reach whom: the table of exitgate.toml's [[policy.infrastructure.flow]], and nothing beside it. Both ends of a flow are
# opened for each other by group, so an address that changes hands opens nothing.

locals {
  # One by one, so that a rule waits for its two groups and for nothing else.
  groups = {
    balancer         = module.balancer.security_group_id
    web              = module.service["web"].security_group_id
    orders           = module.service["orders"].security_group_id
    catalog          = module.service["catalog"].security_group_id
    aws-endpoints    = module.endpoints.security_group_id
    orders-database  = module.database["orders"].security_group_id
    catalog-database = module.database["catalog"].security_group_id
    cache            = module.cache.security_group_id
    broker           = module.broker.security_group_id
  }

  flows = [
    # 80 redirects to 443 and does nothing else.
    { source = "internet", destination = "balancer", port = 80, why = "Customers, to be redirected" },
    { source = "internet", destination = "balancer", port = 443, why = "Customers" },
    { source = "balancer", destination = "web", port = 3000, why = "The shell and the micro-frontends" },
    { source = "balancer", destination = "orders", port = 3000, why = "/api/orders" },
    { source = "balancer", destination = "catalog", port = 3000, why = "/api/products" },
    { source = "orders", destination = "orders-database", port = 5432, why = "Its own data" },
    { source = "catalog", destination = "catalog-database", port = 5432, why = "Its own data" },
    { source = "catalog", destination = "cache", port = 6379, why = "Products as they were last read" },
    { source = "orders", destination = "broker", port = 5671, why = "Publishes order.placed, over TLS" },
    { source = "catalog", destination = "broker", port = 5671, why = "Takes order.placed, over TLS" },
    # No task needs a way to the internet.
    { source = "web", destination = "aws-endpoints", port = 443, why = "Images, logs" },
    { source = "orders", destination = "aws-endpoints", port = 443, why = "Images, logs, secrets" },
    { source = "catalog", destination = "aws-endpoints", port = 443, why = "Images, logs, secrets" },
  ]

  flows_by_name = { for flow in local.flows : "${flow.source} to ${flow.destination} ${flow.port}" => flow }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = { for name, flow in local.flows_by_name : name => flow if flow.source != "internet" }

  security_group_id            = local.groups[each.value.source]
  referenced_security_group_id = local.groups[each.value.destination]
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows_by_name

  security_group_id            = local.groups[each.value.destination]
  referenced_security_group_id = each.value.source == "internet" ? null : local.groups[each.value.source]
  cidr_ipv4                    = each.value.source == "internet" ? "0.0.0.0/0" : null
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}
