variable "name" {
  description = "What the load balancer is called."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets in two zones at least."
  type        = list(string)
}

variable "domain" {
  description = "The host name that the certificate is for."
  type        = string
}

variable "access_log_bucket" {
  description = "The bucket that takes the access logs."
  type        = string
}

variable "traffic_enabled" {
  description = "Whether requests get past the lock."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
}
