environment = "production"
# A placeholder, as in deploy/.
account_id = "123456789012"
region     = "eu-central-1"
domain     = "shop.example"

network = {
  vpc_cidr = "10.20.0.0/16"
  tiers = {
    public   = { eu-central-1a = "10.20.0.0/24", eu-central-1b = "10.20.1.0/24" }
    services = { eu-central-1a = "10.20.16.0/22", eu-central-1b = "10.20.20.0/22" }
    data     = { eu-central-1a = "10.20.32.0/24", eu-central-1b = "10.20.33.0/24" }
  }
  # The loss of a zone takes no other one's way out.
  nat_per_zone = true
}

tasks = {
  orders  = { minimum = 2, maximum = 8 }
  catalog = { minimum = 2, maximum = 8 }
  web     = { minimum = 2, maximum = 6 }
}

database = { instance_class = "db.m7g.large", storage_gib = 100, storage_limit_gib = 500, multi_az = true }
cache    = { node_type = "cache.m7g.large", nodes = 2 }
broker   = { instance_type = "mq.m7g.large", cluster = true }

log_retention_days = 365
