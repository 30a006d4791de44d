# What holds data.

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

run "database" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    name                = "test-orders"
    database            = "orders"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    size                = { instance_class = "db.t4g.medium", storage_gib = 20, storage_limit_gib = 50, multi_az = true }
    data_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/1"
    secrets_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/2"
    log_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/3"
    log_retention_days  = 30
    deletion_protection = true
    final_snapshot      = true
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted && aws_db_instance.this.multi_az
    error_message = "expected a private, encrypted database with a second zone"
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period >= 14 && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "expected backups of 14 days, and no deletion by mistake"
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.username != var.database
    error_message = "expected an administrator whose password RDS keeps, and a service that is another"
  }

  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "expected clients without TLS to be refused"
  }
}

run "cache" {
  command = plan

  module {
    source = "./modules/cache"
  }

  variables {
    name                = "test"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    size                = { node_type = "cache.t4g.small", nodes = 2 }
    data_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/1"
    secrets_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/2"
    log_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/3"
    log_retention_days  = 30
    deletion_protection = true
  }

  assert {
    condition = (
      tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled) &&
      aws_elasticache_replication_group.this.transit_encryption_enabled &&
      aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    )
    error_message = "expected a cache that is encrypted both ways"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.multi_az_enabled && aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "expected another zone to take over where there are two nodes"
  }
}

run "broker" {
  command = plan

  module {
    source = "./modules/broker"
  }

  variables {
    name                = "test"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    size                = { instance_type = "mq.m7g.large", cluster = true }
    data_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/1"
    secrets_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/2"
    deletion_protection = true
  }

  assert {
    condition     = !aws_mq_broker.this.publicly_accessible && aws_mq_broker.this.engine_type == "RabbitMQ" && aws_mq_broker.this.logs[0].general
    error_message = "expected a private RabbitMQ that tells what it does"
  }

  assert {
    condition     = aws_mq_broker.this.deployment_mode == "CLUSTER_MULTI_AZ" && length(aws_mq_broker.this.subnet_ids) == 2
    error_message = "expected a node in each zone"
  }
}

run "registry" {
  command = plan

  module {
    source = "./modules/registry"
  }

  variables {
    name                = "test/orders"
    kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/1"
    deletion_protection = true
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "expected tags that can't be moved, and a scan of what is pushed"
  }
}
