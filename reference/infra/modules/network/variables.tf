variable "name" {
  description = "What the VPC and its parts are called."
  type        = string
}

variable "vpc_cidr" {
  description = "The VPC's range."
  type        = string
}

variable "tiers" {
  description = "Each tier's subnets by availability zone."
  type = object({
    public   = map(string)
    services = map(string)
    data     = map(string)
  })
}

variable "nat_per_zone" {
  description = "Whether each zone has a NAT gateway of its own, or all use one."
  type        = bool
}

variable "flow_log_bucket_arn" {
  description = "The bucket that takes the flow logs."
  type        = string
}
