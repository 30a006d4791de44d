variable "name" {
  description = "The workload: the name of its service, container and log stream."
  type        = string
}

variable "project" {
  description = "What the names of all that is made begin with."
  type        = string
}

variable "definition" {
  description = "The task definition, as deploy/ has it."
  type        = any
}

variable "image_digest" {
  description = "The digest to begin with; the definition's own where it is null."
  type        = string
  default     = null
}

variable "secrets" {
  description = "The environment variables that come from a secret, with the secret's name."
  type        = map(string)
  default     = {}
}

variable "repository_name" {
  description = "The repository of its images."
  type        = string
}

variable "routing" {
  description = "The paths that it answers, and how early its rule is asked."
  type        = object({ priority = number, paths = list(string) })
}

variable "health_path" {
  description = "Answered with 200 by a task that works, whatever its dependencies do."
  type        = string
  default     = "/healthz"
}

variable "tasks" {
  description = "How many tasks run, least and most."
  type        = object({ minimum = number, maximum = number })
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "partition" {
  description = "AWS's partition, as ARNs name it."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in two zones at least."
  type        = list(string)
}

variable "cluster_arn" {
  description = "The cluster."
  type        = string
}

variable "cluster_name" {
  description = "The cluster's name."
  type        = string
}

variable "listener_arn" {
  description = "The HTTPS listener that its rule belongs to."
  type        = string
}

variable "balancer_arn_suffix" {
  description = "The load balancer, as its metrics name it."
  type        = string
}

variable "log_key_arn" {
  description = "The key that logs are encrypted with."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}
