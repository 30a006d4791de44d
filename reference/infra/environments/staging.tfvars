environment = "staging"
# A placeholder, as in deploy/.
account_id = "123456789012"
region     = "eu-central-1"
domain     = "staging.shop.example"

# As in production, so that what was tried here is what goes there. The two are never connected.
network = {
  vpc_cidr = "10.20.0.0/16"
  tiers = {
    public   = { eu-central-1a = "10.20.0.0/24", eu-central-1b = "10.20.1.0/24" }
    services = { eu-central-1a = "10.20.16.0/22", eu-central-1b = "10.20.20.0/22" }
    data     = { eu-central-1a = "10.20.32.0/24", eu-central-1b = "10.20.33.0/24" }
  }
  nat_per_zone = false
}

tasks = {
  orders  = { minimum = 2, maximum = 3 }
  catalog = { minimum = 2, maximum = 3 }
  web     = { minimum = 2, maximum = 3 }
}

database = { instance_class = "db.t4g.small", storage_gib = 20, storage_limit_gib = 50, multi_az = false }
cache    = { node_type = "cache.t4g.small", nodes = 1 }
broker   = { instance_type = "mq.m7g.medium", cluster = false }

log_retention_days = 30
