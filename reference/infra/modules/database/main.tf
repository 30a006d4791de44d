# A service's own PostgreSQL.

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "The database of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-database", endpoint = "${var.database}-database" }
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-postgres18"
  description = "What ${var.name} changes of PostgreSQL's defaults"
  family      = "postgres18"

  # A client without TLS is refused.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Milliseconds above which a statement is logged.
  parameter {
    name  = "log_min_duration_statement"
    value = "500"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

# Nobody signs in by IAM: the services' roles are allowed no call to AWS.
# trivy:ignore:AWS-0176
resource "aws_db_instance" "this" {
  identifier = var.name
  db_name    = var.database

  engine         = "postgres"
  engine_version = "18.1"
  # A new version is a reviewed change, tried in staging first.
  auto_minor_version_upgrade = false
  parameter_group_name       = aws_db_parameter_group.this.name
  ca_cert_identifier         = "rds-ca-rsa2048-g1"

  instance_class        = var.size.instance_class
  storage_type          = "gp3"
  allocated_storage     = var.size.storage_gib
  max_allocated_storage = var.size.storage_limit_gib
  multi_az              = var.size.multi_az

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  port                   = 5432

  storage_encrypted = true
  kms_key_id        = var.data_key_arn

  # RDS makes the administrator's password, keeps it in a secret that no workload may read, and changes it every week.
  username                      = "shop_administrator"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.secrets_key_arn

  # A fault in data is often found on the Monday after.
  backup_retention_period   = 14
  backup_window             = "01:00-02:00"
  maintenance_window        = "tue:02:30-tue:03:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.final_snapshot
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = "${var.name}-final"
  deletion_protection       = var.deletion_protection

  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.data_key_arn
  performance_insights_retention_period = 7

  # RDS would make them without an end and a key of ours.
  depends_on = [aws_cloudwatch_log_group.this]
}
