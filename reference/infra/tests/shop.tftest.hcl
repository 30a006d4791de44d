# What holds for the shop as a whole, in either environment.

# Not mocked: mocks know no ephemeral resources (Terraform 1.11). AWS is never asked, as there is nothing to refresh.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
}

run "locked_until_somebody_opens_it" {
  command = plan

  variables {
    environment = "production"
  }

  assert {
    condition     = !output.traffic_enabled
    error_message = "expected nobody to get past the lock unless who applies says so"
  }

  assert {
    condition     = var.region == "eu-central-1" && output.registry == "${var.account_id}.dkr.ecr.eu-central-1.amazonaws.com"
    error_message = "expected the shop in Frankfurt, where customers' data may lie"
  }

  # By name of source, destination and port; both ends of what has two.
  assert {
    condition = toset(keys(aws_vpc_security_group_ingress_rule.flow)) == toset([
      "internet to balancer 80", "internet to balancer 443",
      "balancer to web 3000", "balancer to orders 3000", "balancer to catalog 3000",
      "orders to orders-database 5432", "catalog to catalog-database 5432",
      "catalog to cache 6379", "orders to broker 5671", "catalog to broker 5671",
      "web to aws-endpoints 443", "orders to aws-endpoints 443", "catalog to aws-endpoints 443",
    ])
    error_message = "expected the flows of exitgate.toml, and no others"
  }

  assert {
    condition = toset(keys(aws_vpc_security_group_egress_rule.flow)) == toset([
      for name in keys(aws_vpc_security_group_ingress_rule.flow) : name if !startswith(name, "internet ")
    ])
    error_message = "expected each flow to be open at both of its ends"
  }

  assert {
    condition = alltrue([
      for name, rule in aws_vpc_security_group_ingress_rule.flow :
      startswith(name, "internet to balancer ") ? rule.cidr_ipv4 == "0.0.0.0/0" : rule.cidr_ipv4 == null
    ])
    error_message = "expected the balancer alone to be open to addresses instead of groups"
  }

  assert {
    condition     = toset(keys(module.database)) == toset([for name, secrets in local.secrets : name if contains(keys(secrets), "DATABASE_URL")])
    error_message = "expected a database for each service that is told of one, and for no other"
  }

  assert {
    condition     = length(distinct(flatten([for secrets in values(local.secrets) : values(secrets)]))) == length(flatten([for secrets in values(local.secrets) : values(secrets)]))
    error_message = "expected no secret that two workloads read"
  }

  assert {
    condition     = length(distinct(flatten([for service in module.service : values(service.roles)]))) == 2 * length(module.service)
    error_message = "expected two roles for each workload, and none shared"
  }

  # The placeholders of deploy/ are those of environments/, so nothing may differ.
  assert {
    condition = alltrue([
      for name, service in module.service :
      jsondecode(jsonencode(service.containers)) == jsondecode(file("../deploy/${name}.task-definition.json")).containerDefinitions
    ])
    error_message = "expected the containers of deploy/, setting for setting"
  }
}

run "opened_on_purpose" {
  command = plan

  variables {
    environment                = "production"
    production_traffic_enabled = true
    images                     = { orders = "sha256:1111111111111111111111111111111111111111111111111111111111111111" }
  }

  assert {
    condition     = output.traffic_enabled
    error_message = "expected the lock to open"
  }

  assert {
    condition     = endswith(module.service["orders"].containers[0].image, "/reference-shop/orders@sha256:1111111111111111111111111111111111111111111111111111111111111111")
    error_message = "expected the image that was named"
  }
}

run "refuses_what_can_not_be_meant" {
  command = plan

  variables {
    environment = "prod"
    account_id  = "shop"
    images      = { orders = "latest" }
    tasks       = { orders = { minimum = 1, maximum = 1 } }
    network = {
      vpc_cidr     = "10.20.0.0/16"
      nat_per_zone = true
      tiers = {
        public   = { eu-central-1a = "10.20.0.0/24" }
        services = { eu-central-1a = "10.20.16.0/22" }
        data     = { eu-central-1b = "10.20.33.0/24" }
      }
    }
  }

  expect_failures = [var.environment, var.account_id, var.images, var.tasks, var.network]
}
