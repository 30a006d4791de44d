# RabbitMQ: reached over TLS from inside alone.

resource "aws_security_group" "this" {
  name        = "${var.name}-broker"
  description = "The broker"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-broker", endpoint = "broker" }
}

module "user" {
  source = "../generated-secret"

  name                = "${var.name}/broker/user"
  description         = "The broker's user"
  username            = "shop"
  anchor              = aws_security_group.this.id
  kms_key_arn         = var.secrets_key_arn
  deletion_protection = var.deletion_protection
}

# RabbitMQ has no audit log.
# trivy:ignore:AWS-0070
resource "aws_mq_broker" "this" {
  broker_name = var.name

  engine_type    = "RabbitMQ"
  engine_version = "3.13"
  # Amazon MQ demands it of RabbitMQ: patches come in the maintenance window.
  auto_minor_version_upgrade = true
  host_instance_type         = var.size.instance_type
  deployment_mode            = var.size.cluster ? "CLUSTER_MULTI_AZ" : "SINGLE_INSTANCE"

  # A single instance lies in one subnet.
  subnet_ids          = var.size.cluster ? var.subnet_ids : slice(var.subnet_ids, 0, 1)
  security_groups     = [aws_security_group.this.id]
  publicly_accessible = false

  encryption_options {
    use_aws_owned_key = false
    kms_key_id        = var.data_key_arn
  }

  # The only one. More are made by the management API, to which no flow leads.
  user {
    username = module.user.username
    password = module.user.password
  }

  logs {
    general = true
  }

  maintenance_window_start_time {
    day_of_week = "TUESDAY"
    time_of_day = "04:30"
    time_zone   = "UTC"
  }
}
