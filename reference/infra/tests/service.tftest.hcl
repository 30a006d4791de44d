# A workload, and how one release of it replaces another.

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

variables {
  name                = "orders"
  project             = "test"
  secrets             = { DATABASE_URL = "test/orders/database-url" }
  repository_name     = "test/orders"
  routing             = { priority = 100, paths = ["/api/orders", "/api/orders/*"] }
  tasks               = { minimum = 2, maximum = 4 }
  account_id          = "111122223333"
  partition           = "aws"
  region              = "eu-central-1"
  vpc_id              = "vpc-1"
  subnet_ids          = ["subnet-1", "subnet-2"]
  cluster_arn         = "arn:aws:ecs:eu-central-1:111122223333:cluster/test"
  cluster_name        = "test"
  listener_arn        = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/test/1/2"
  balancer_arn_suffix = "app/test/1"
  log_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/3"
  log_retention_days  = 30
  definition = {
    family                  = "test-orders"
    requiresCompatibilities = ["FARGATE"]
    networkMode             = "awsvpc"
    cpu                     = "256"
    memory                  = "512"
    executionRoleArn        = "arn:aws:iam::123456789012:role/test-orders-execution"
    taskRoleArn             = "arn:aws:iam::123456789012:role/test-orders-task"
    runtimePlatform         = { operatingSystemFamily = "LINUX", cpuArchitecture = "X86_64" }
    containerDefinitions = [{
      name             = "orders"
      image            = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/test/orders@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      portMappings     = [{ containerPort = 3000 }]
      secrets          = [{ name = "DATABASE_URL", valueFrom = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:elsewhere" }]
      logConfiguration = { logDriver = "awslogs", options = { "awslogs-group" = "elsewhere", "awslogs-stream-prefix" = "orders" } }
    }]
  }
}

run "rolls_out_without_anybody_noticing" {
  command = plan

  module {
    source = "./modules/service"
  }

  assert {
    condition = (
      aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200 &&
      aws_ecs_service.this.health_check_grace_period_seconds == 60 && aws_ecs_service.this.desired_count == 2
    )
    error_message = "expected full capacity throughout a rollout"
  }

  assert {
    condition = (
      aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback &&
      aws_ecs_service.this.alarms[0].enable && aws_ecs_service.this.alarms[0].rollback &&
      toset(aws_ecs_service.this.alarms[0].alarm_names) == toset([aws_cloudwatch_metric_alarm.errors.alarm_name, aws_cloudwatch_metric_alarm.latency.alarm_name])
    )
    error_message = "expected the breaker and both alarms to take a bad release back"
  }

  assert {
    condition = (
      aws_lb_target_group.this.deregistration_delay == "30" && aws_lb_target_group.this.health_check[0].matcher == "200" &&
      aws_lb_target_group.this.health_check[0].interval == 10 && aws_lb_target_group.this.health_check[0].timeout == 3 &&
      aws_lb_target_group.this.health_check[0].healthy_threshold == 2 && aws_lb_target_group.this.health_check[0].unhealthy_threshold == 3
    )
    error_message = "expected the health checks and the delay of exitgate.toml"
  }

  assert {
    condition     = !aws_ecs_service.this.network_configuration[0].assign_public_ip && !aws_ecs_service.this.enable_execute_command
    error_message = "expected tasks that nobody reaches from outside or gets a shell in"
  }

  assert {
    condition     = aws_appautoscaling_target.this[0].min_capacity == 2 && aws_appautoscaling_target.this[0].max_capacity == 4
    error_message = "expected scaling between the bounds"
  }
}

run "fills_in_its_account" {
  command = plan

  module {
    source = "./modules/service"
  }

  assert {
    condition     = !strcontains(aws_ecs_task_definition.this.container_definitions, "123456789012") && !strcontains(aws_ecs_task_definition.this.container_definitions, "elsewhere")
    error_message = "expected nothing of the file's placeholders to be left"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement :
      statement.Resource != ["*"] || statement.Action == ["ecr:GetAuthorizationToken"]
    ])
    error_message = "expected one action on everything, which AWS can't limit"
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.execution, aws_iam_role.task] :
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    ])
    error_message = "expected roles that ECS takes on for this account alone"
  }
}

run "as_many_as_there_are" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    tasks = { minimum = 2, maximum = 2 }
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 0 && length(aws_appautoscaling_policy.cpu) == 0
    error_message = "expected no scaling where there is nothing to choose"
  }
}

run "refuses_a_definition_with_other_secrets" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    secrets = {}
  }

  expect_failures = [aws_ecs_task_definition.this]
}
