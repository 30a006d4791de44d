# The shop's infrastructure: what all workloads stand on. The workloads are in workloads.tf, who may reach whom in flows.tf.

locals {
  project   = "reference-shop"
  partition = "aws"
  arn       = { for service in ["ecr", "logs", "secretsmanager"] : service => "arn:${local.partition}:${service}:${var.region}:${var.account_id}" }

  # Staging has nobody to be kept out. Whatever is not staging is locked.
  traffic_enabled = var.environment == "staging" || var.production_traffic_enabled
}

module "keys" {
  source = "./modules/keys"

  name       = local.project
  account_id = var.account_id
  partition  = local.partition
  region     = var.region
}

module "logs" {
  source   = "./modules/log-bucket"
  for_each = toset(["balancer", "flow-logs"])

  name                = "${local.project}-${each.key}-${var.account_id}-${var.region}"
  writer              = each.key
  account_id          = var.account_id
  partition           = local.partition
  region              = var.region
  retention_days      = var.log_retention_days
  deletion_protection = var.deletion_protection
}

module "network" {
  source = "./modules/network"

  name                = local.project
  vpc_cidr            = var.network.vpc_cidr
  tiers               = var.network.tiers
  nat_per_zone        = var.network.nat_per_zone
  flow_log_bucket_arn = module.logs["flow-logs"].arn
}

module "endpoints" {
  source = "./modules/endpoints"

  name            = local.project
  account_id      = var.account_id
  partition       = local.partition
  region          = var.region
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.subnet_ids.services
  repository_arns = [for name in keys(local.workloads) : "${local.arn.ecr}:repository/${local.project}/${name}"]
  log_group_arns  = [for name in keys(local.workloads) : "${local.arn.logs}:log-group:/ecs/${local.project}/${name}"]
  secret_arns = flatten([
    for name, secrets in local.secrets : [for secret in values(secrets) : "${local.arn.secretsmanager}:secret:${secret}-??????"]
  ])
}

module "balancer" {
  source = "./modules/balancer"

  name                = local.project
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids.public
  domain              = var.domain
  access_log_bucket   = module.logs["balancer"].name
  traffic_enabled     = local.traffic_enabled
  deletion_protection = var.deletion_protection
}

module "cluster" {
  source = "./modules/cluster"

  name = local.project
}

module "database" {
  source   = "./modules/database"
  for_each = toset(["catalog", "orders"])

  name                = "${local.project}-${each.key}"
  database            = each.key
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids.data
  size                = var.database
  data_key_arn        = module.keys.arns.data
  secrets_key_arn     = module.keys.arns.secrets
  log_key_arn         = module.keys.arns.logs
  log_retention_days  = var.log_retention_days
  deletion_protection = var.deletion_protection
  final_snapshot      = var.final_snapshots
}

module "cache" {
  source = "./modules/cache"

  name                = local.project
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids.data
  size                = var.cache
  data_key_arn        = module.keys.arns.data
  secrets_key_arn     = module.keys.arns.secrets
  log_key_arn         = module.keys.arns.logs
  log_retention_days  = var.log_retention_days
  deletion_protection = var.deletion_protection
}

module "broker" {
  source = "./modules/broker"

  name                = local.project
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids.data
  size                = var.broker
  data_key_arn        = module.keys.arns.data
  secrets_key_arn     = module.keys.arns.secrets
  deletion_protection = var.deletion_protection
}
