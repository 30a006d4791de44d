variable "name" {
  description = "What the cache is called by."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the data tier."
  type        = list(string)
}

variable "size" {
  description = "The nodes' size and number: with more than one, another zone takes over."
  type        = object({ node_type = string, nodes = number })
}

variable "data_key_arn" {
  description = "The key that data is encrypted with."
  type        = string
}

variable "secrets_key_arn" {
  description = "The key that the token is encrypted with."
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

variable "deletion_protection" {
  description = "Whether the token can be had back for 30 days after it was deleted."
  type        = bool
}
