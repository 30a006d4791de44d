# Redis: encrypted on its way and where it lies, and closed to who has no token.

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "The cache"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-cache", endpoint = "cache" }
}

resource "aws_elasticache_subnet_group" "this" {
  name       = "${var.name}-cache"
  subnet_ids = var.subnet_ids
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["engine-log", "slow-log"])

  name              = "/aws/elasticache/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

module "token" {
  source = "../generated-secret"

  name                = "${var.name}/cache/token"
  description         = "The token that Redis asks for"
  username            = "default"
  anchor              = aws_security_group.this.id
  kms_key_arn         = var.secrets_key_arn
  deletion_protection = var.deletion_protection
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = "${var.name}-cache"
  description          = "Products as they were last read"

  engine = "redis"
  # The newest Redis that ElastiCache has.
  engine_version             = "7.1"
  auto_minor_version_upgrade = false
  parameter_group_name       = "default.redis7"

  node_type                  = var.size.node_type
  num_cache_clusters         = var.size.nodes
  multi_az_enabled           = var.size.nodes > 1
  automatic_failover_enabled = var.size.nodes > 1

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [aws_security_group.this.id]
  port               = 6379

  at_rest_encryption_enabled = true
  kms_key_id                 = var.data_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = module.token.password

  maintenance_window       = "tue:03:30-tue:04:30"
  snapshot_window          = "01:00-02:00"
  snapshot_retention_limit = 1

  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.this

    content {
      log_type         = log_delivery_configuration.key
      destination      = log_delivery_configuration.value.name
      destination_type = "cloudwatch-logs"
      log_format       = "json"
    }
  }
}
