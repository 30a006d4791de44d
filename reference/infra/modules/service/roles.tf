# With which rights ECS starts the workload, and which its own code has: two roles of its own, shared with nobody.

locals {
  # A role that any account's tasks could take on would be a confused deputy. AWS knows no narrower source than the account's ECS.
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnTasks"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn.ecs}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "execution" {
  name               = "${local.full_name}-execution"
  description        = "Starts the tasks of ${var.name}"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid    = "SignIn"
        Effect = "Allow"
        Action = ["ecr:GetAuthorizationToken"]
        # AWS can't limit this one to a resource.
        Resource = ["*"]
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = ["${local.arn.ecr}:repository/${var.repository_name}"]
      },
      {
        Sid    = "WriteLog"
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        # Prefix, container and the task's id, which has 32 characters.
        Resource = ["${local.arn.logs}:log-group:${aws_cloudwatch_log_group.this.name}:log-stream:${var.name}/${var.name}/????????????????????????????????"]
      },
      ], length(var.secrets) == 0 ? [] : [{
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        # The six characters at the end are AWS's own.
        Resource = [for secret in values(var.secrets) : "${local.arn.secretsmanager}:secret:${secret}-??????"]
    }])
  })
}

# Calls no AWS service, so it is allowed nothing. It is there because a task without a role of its own invites keys.
resource "aws_iam_role" "task" {
  name               = "${local.full_name}-task"
  description        = "The code of ${var.name}"
  assume_role_policy = local.trust
}
