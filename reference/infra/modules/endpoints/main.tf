# AWS's services inside the VPC: what tasks need of AWS they reach here, and only what each endpoint's policy lists.

locals {
  # The account's own identities alone. To let in every action of a service would be a way out for data to other accounts.
  own_account = { StringEquals = { "aws:PrincipalAccount" = var.account_id } }

  registry = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PullOwnImages"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource  = var.repository_arns
      Condition = local.own_account
      }, {
      # AWS can't limit this one to a resource.
      Sid       = "SignIn"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = ["ecr:GetAuthorizationToken"]
      Resource  = "*"
      Condition = local.own_account
    }]
  }

  policies = {
    "ecr.api" = local.registry
    "ecr.dkr" = local.registry
    "logs" = {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "WriteOwnLogs"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource  = [for arn in var.log_group_arns : "${arn}:log-stream:*"]
        Condition = local.own_account
      }]
    }
    "secretsmanager" = {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "ReadOwnSecrets"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["secretsmanager:GetSecretValue"]
        Resource  = var.secret_arns
        Condition = local.own_account
      }]
    }
    # ECR keeps layers in a bucket of AWS's own and hands out signed addresses, so there is no account to ask for.
    "s3" = {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "FetchLayers"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["s3:GetObject"]
        Resource  = "arn:${var.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"
      }]
    }
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-aws-endpoints"
  description = "AWS endpoints"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-aws-endpoints", endpoint = "aws-endpoints" }
}

resource "aws_vpc_endpoint" "this" {
  for_each = local.policies

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.subnet_ids
  security_group_ids  = [aws_security_group.this.id]
  private_dns_enabled = true
  policy              = jsonencode(each.value)

  dns_options {
    dns_record_ip_type = "ipv4"
    # S3 would want a gateway endpoint beside this one otherwise, which no security group can be named for.
    private_dns_only_for_inbound_resolver_endpoint = each.key == "s3" ? false : null
  }

  tags = { Name = "${var.name}-${each.key}" }
}
