variable "name" {
  description = "The bucket's name; the world's buckets share one set of names."
  type        = string
}

variable "writer" {
  description = "Which service delivers here: balancer or flow-logs."
  type        = string

  validation {
    condition     = contains(["balancer", "flow-logs"], var.writer)
    error_message = "writer: expected balancer or flow-logs."
  }
}

variable "account_id" {
  description = "The account whose logs these are."
  type        = string
}

variable "partition" {
  description = "AWS's partition, as ARNs name it."
  type        = string
}

variable "region" {
  description = "The region whose logs these are."
  type        = string
}

variable "retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to be deleted while it holds logs."
  type        = bool
}
