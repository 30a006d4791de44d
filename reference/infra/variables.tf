# What differs from one environment to the next: environments/*.tfvars.

variable "environment" {
  description = "Which environment this is. Each has an account of its own, so no name says which."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment: expected staging or production."
  }
}

variable "account_id" {
  description = "The environment's AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id: expected twelve digits."
  }
}

variable "region" {
  description = "Where everything stands."
  type        = string
}

variable "domain" {
  description = "The host name under which customers find the shop. Its DNS is kept by others."
  type        = string
}

variable "production_traffic_enabled" {
  description = "The lock: in production the balancer answers 503 to everybody until this is true. It is set for what gate 3 has passed, by who applies, and in no file."
  type        = bool
  default     = false
}

variable "network" {
  description = "The VPC's range, and the subnets of each tier by availability zone."
  type = object({
    vpc_cidr = string
    tiers = object({
      public   = map(string)
      services = map(string)
      data     = map(string)
    })
    nat_per_zone = bool
  })

  validation {
    condition     = alltrue([for zones in values(var.network.tiers) : length(zones) >= 2])
    error_message = "network.tiers: expected each tier in two zones at least."
  }

  validation {
    condition     = length(distinct([for zones in values(var.network.tiers) : join(",", sort(keys(zones)))])) == 1
    error_message = "network.tiers: expected the same zones in every tier."
  }
}

variable "tasks" {
  description = "How many tasks of each workload run, least and most. Where they are equal nothing scales."
  type        = map(object({ minimum = number, maximum = number }))

  validation {
    condition     = alltrue([for tasks in values(var.tasks) : tasks.minimum >= 2 && tasks.maximum >= tasks.minimum])
    error_message = "tasks: expected a minimum of two, one in each zone, and no smaller maximum."
  }
}

variable "images" {
  description = "Digests by workload, as images.json of a release has them; the placeholder of deploy/ for those that are left out. They count when a service is first made: roll-out puts every later one in place."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for digest in values(var.images) : can(regex("^sha256:[0-9a-f]{64}$", digest))])
    error_message = "images: expected digests like sha256:<64 hexadecimal digits>; a tag can be moved."
  }
}

variable "database" {
  description = "The size of each service's database server, and whether a second zone stands by."
  type        = object({ instance_class = string, storage_gib = number, storage_limit_gib = number, multi_az = bool })
}

variable "cache" {
  description = "The size of Redis: with more than one node, another zone takes over."
  type        = object({ node_type = string, nodes = number })
}

variable "broker" {
  description = "The size of RabbitMQ, and whether it is a cluster over the zones."
  type        = object({ instance_type = string, cluster = bool })
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether databases, balancer and logs refuse to be deleted. False is the first step of taking an environment down, and nothing else."
  type        = bool
  default     = true
}

variable "final_snapshots" {
  description = "Whether databases leave a last snapshot and their backups when they are deleted."
  type        = bool
  default     = true
}
