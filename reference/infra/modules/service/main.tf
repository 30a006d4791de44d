# A workload on ECS: its definition from deploy/, and how one release of it replaces another.

locals {
  full_name = "${var.project}-${var.name}"
  arn       = { for service in ["ecr", "ecs", "logs", "secretsmanager"] : service => "arn:${var.partition}:${service}:${var.region}:${var.account_id}" }

  container  = one([for container in var.definition.containerDefinitions : container if container.name == var.name])
  port       = one(local.container.portMappings[*].containerPort)
  digest     = coalesce(var.image_digest, regex("sha256:[0-9a-f]{64}$", local.container.image))
  repository = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/${var.repository_name}"

  # What deploy/ has as placeholders, with this environment's account. Secrets go by the name that Terraform gave them, without
  # the six characters that AWS appends, so that a plan shows the definition as it will be.
  containers = [merge(local.container, {
    image = "${local.repository}@${local.digest}"
    logConfiguration = merge(local.container.logConfiguration, {
      options = merge(local.container.logConfiguration.options, {
        "awslogs-group"  = aws_cloudwatch_log_group.this.name
        "awslogs-region" = var.region
      })
    })
    }, length(local.secret_variables) > 0 ? {
    secrets = [for variable in local.secret_variables : {
      name = variable
      # One that is not there is told of by the precondition below.
      valueFrom = "${local.arn.secretsmanager}:secret:${lookup(var.secrets, variable, "")}"
    }]
  } : {})]
  secret_variables = try(local.container.secrets[*].name, [])
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.project}/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_security_group" "this" {
  name        = local.full_name
  description = "The tasks of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = local.full_name, endpoint = var.name }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.definition.family
  requires_compatibilities = var.definition.requiresCompatibilities
  network_mode             = var.definition.networkMode
  cpu                      = var.definition.cpu
  memory                   = var.definition.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(local.containers)

  runtime_platform {
    operating_system_family = var.definition.runtimePlatform.operatingSystemFamily
    cpu_architecture        = var.definition.runtimePlatform.cpuArchitecture
  }

  lifecycle {
    precondition {
      condition     = length(var.definition.containerDefinitions) == 1 && local.container != null
      error_message = "deploy/${var.name}.task-definition.json: expected the container ${var.name}, and no other."
    }
    precondition {
      condition     = sort(local.secret_variables) == sort(keys(var.secrets))
      error_message = "deploy/${var.name}.task-definition.json: expected secrets for ${join(", ", keys(var.secrets))}, and no others."
    }
    # roll-out registers what deploy/ says, so the roles have to be called as it calls them.
    precondition {
      condition = [for arn in [var.definition.executionRoleArn, var.definition.taskRoleArn] : element(split("/", arn), -1)] == [
        aws_iam_role.execution.name, aws_iam_role.task.name
      ]
      error_message = "deploy/${var.name}.task-definition.json: expected the roles ${aws_iam_role.execution.name} and ${aws_iam_role.task.name}."
    }
  }
}

resource "aws_ecs_service" "this" {
  name             = var.name
  cluster          = var.cluster_arn
  task_definition  = aws_ecs_task_definition.this.arn
  desired_count    = var.tasks.minimum
  launch_type      = "FARGATE"
  platform_version = "1.4.0"
  propagate_tags   = "SERVICE"

  enable_execute_command        = false
  availability_zone_rebalancing = "ENABLED"

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = var.name
    container_port   = local.port
  }

  deployment_controller {
    type = "ECS"
  }

  # New tasks come before old ones go: full capacity throughout.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  # Seconds. Longer than the slowest start, or ECS kills a task that was about to work.
  health_check_grace_period_seconds = 60

  # Sees tasks that never get healthy.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # See those that are healthy and answer with errors, or late.
  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.errors.alarm_name, aws_cloudwatch_metric_alarm.latency.alarm_name]
  }

  lifecycle {
    ignore_changes = [
      # Scaling decides, between the bounds of scaling.tf.
      desired_count,
      # roll-out decides, behind the lock of deploy.yml: an apply must not bring another release.
      task_definition,
    ]
  }

  # A task needs its permissions, and ECS wants a target group that a listener leads to.
  depends_on = [aws_iam_role_policy.execution, aws_lb_listener_rule.this]
}
