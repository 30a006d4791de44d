# What the shop runs: each workload's definition from deploy/, its secrets, its paths.

locals {
  workloads = {
    orders  = { priority = 100, paths = ["/api/orders", "/api/orders/*"] }
    catalog = { priority = 110, paths = ["/api/products", "/api/products/*"] }
    # The front ends: whatever nobody else answers, so it is asked last.
    web = { priority = 1000, paths = ["/*"] }
  }

  # By workload: environment variable to secret. Each workload's are its own.
  secrets = {
    orders = {
      DATABASE_URL = "${local.project}/orders/database-url"
      RABBITMQ_URL = "${local.project}/orders/rabbitmq-url"
    }
    catalog = {
      DATABASE_URL = "${local.project}/catalog/database-url"
      RABBITMQ_URL = "${local.project}/catalog/rabbitmq-url"
      REDIS_URL    = "${local.project}/catalog/redis-url"
    }
    web = {}
  }

  # The same names, each known to who waits for it only when the secret has its value: a task fails to start without.
  filled_secrets = { for name in concat(
    [for secret in module.database_url : secret.name], [for secret in module.rabbitmq_url : secret.name], [module.redis_url.name]
  ) : name => name }
}

module "database_url" {
  source   = "./modules/database-url"
  for_each = module.database

  name                = local.secrets[each.key].DATABASE_URL
  role                = each.key
  address             = each.value.address
  port                = each.value.port
  database            = each.value.database
  kms_key_arn         = module.keys.arns.secrets
  deletion_protection = var.deletion_protection
}

module "rabbitmq_url" {
  source   = "./modules/secret"
  for_each = toset(["catalog", "orders"])

  name                = local.secrets[each.key].RABBITMQ_URL
  description         = "The address of the broker, for ${each.key}"
  value               = module.broker.url
  kms_key_arn         = module.keys.arns.secrets
  deletion_protection = var.deletion_protection
}

module "redis_url" {
  source = "./modules/secret"

  name                = local.secrets.catalog.REDIS_URL
  description         = "The address of the cache, for catalog alone"
  value               = module.cache.url
  kms_key_arn         = module.keys.arns.secrets
  deletion_protection = var.deletion_protection
}

module "registry" {
  source   = "./modules/registry"
  for_each = local.workloads

  name                = "${local.project}/${each.key}"
  kms_key_arn         = module.keys.arns.data
  deletion_protection = var.deletion_protection
}

module "service" {
  source   = "./modules/service"
  for_each = local.workloads

  name            = each.key
  project         = local.project
  definition      = jsondecode(file("${path.root}/../deploy/${each.key}.task-definition.json"))
  image_digest    = lookup(var.images, each.key, null)
  secrets         = { for variable, name in local.secrets[each.key] : variable => local.filled_secrets[name] }
  repository_name = module.registry[each.key].repository_name
  routing         = each.value
  tasks           = var.tasks[each.key]

  account_id          = var.account_id
  partition           = local.partition
  region              = var.region
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids.services
  cluster_arn         = module.cluster.arn
  cluster_name        = module.cluster.name
  listener_arn        = module.balancer.listener_arn
  balancer_arn_suffix = module.balancer.arn_suffix
  log_key_arn         = module.keys.arns.logs
  log_retention_days  = var.log_retention_days
}
