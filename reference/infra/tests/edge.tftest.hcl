# The way in: network, load balancer, lock, logs.

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

run "network" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    name     = "test"
    vpc_cidr = "10.20.0.0/16"
    tiers = {
      public   = { eu-central-1a = "10.20.0.0/24", eu-central-1b = "10.20.1.0/24" }
      services = { eu-central-1a = "10.20.16.0/22", eu-central-1b = "10.20.20.0/22" }
      data     = { eu-central-1a = "10.20.32.0/24", eu-central-1b = "10.20.33.0/24" }
    }
    nat_per_zone        = true
    flow_log_bucket_arn = "arn:aws:s3:::test"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(aws_route.services_nat) == 2
    error_message = "expected a way out in each zone, for services alone"
  }

  assert {
    condition     = !anytrue([for subnet in aws_subnet.this : subnet.map_public_ip_on_launch])
    error_message = "expected no subnet that gives out public addresses"
  }

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "expected a default group that lets nothing through"
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "expected every flow to be logged"
  }
}

run "one_nat_where_that_will_do" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    name     = "test"
    vpc_cidr = "10.20.0.0/16"
    tiers = {
      public   = { eu-central-1a = "10.20.0.0/24", eu-central-1b = "10.20.1.0/24" }
      services = { eu-central-1a = "10.20.16.0/22", eu-central-1b = "10.20.20.0/22" }
      data     = { eu-central-1a = "10.20.32.0/24", eu-central-1b = "10.20.33.0/24" }
    }
    nat_per_zone        = false
    flow_log_bucket_arn = "arn:aws:s3:::test"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_route.services_nat) == 2
    error_message = "expected both zones to leave by the first"
  }
}

run "balancer_locked" {
  command = plan

  module {
    source = "./modules/balancer"
  }

  variables {
    name                = "test"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    domain              = "shop.example"
    access_log_bucket   = "test"
    traffic_enabled     = false
    deletion_protection = true
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "expected plain HTTP to be redirected, and nothing else"
  }

  assert {
    condition     = aws_lb_listener.https.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    error_message = "expected TLS 1.3, or 1.2 with forward secrecy"
  }

  assert {
    condition     = aws_lb_listener.https.default_action[0].type == "fixed-response"
    error_message = "expected nothing to be forwarded without a rule"
  }

  assert {
    condition = (
      aws_lb_listener_rule.lock[0].priority == 1 &&
      toset(one(one(aws_lb_listener_rule.lock[0].condition).path_pattern).values) == toset(["/*"]) &&
      aws_lb_listener_rule.lock[0].action[0].fixed_response[0].status_code == "503"
    )
    error_message = "expected every request to be answered with 503, ahead of every other rule"
  }

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.idle_timeout == 60 && aws_lb.this.enable_deletion_protection
    error_message = "expected access logs, an idle timeout below the workloads' keep-alive, and no deletion by mistake"
  }
}

run "balancer_open" {
  command = plan

  module {
    source = "./modules/balancer"
  }

  variables {
    name                = "test"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    domain              = "shop.example"
    access_log_bucket   = "test"
    traffic_enabled     = true
    deletion_protection = true
  }

  assert {
    condition     = length(aws_lb_listener_rule.lock) == 0
    error_message = "expected no lock"
  }
}

run "log_bucket" {
  command = plan

  module {
    source = "./modules/log-bucket"
  }

  variables {
    name                = "test"
    writer              = "balancer"
    account_id          = "123456789012"
    partition           = "aws"
    region              = "eu-central-1"
    retention_days      = 30
    deletion_protection = true
  }

  assert {
    condition = alltrue([
      for closed in [
        aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
        aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
      ] : closed
    ])
    error_message = "expected a bucket that can't be opened to the public"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012" if statement.Effect == "Allow"
    ])
    error_message = "expected AWS to write for this account alone"
  }
}
