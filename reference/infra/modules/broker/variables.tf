variable "name" {
  description = "The broker's name."
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
  description = "The instances' size, and whether there is one in each zone."
  type        = object({ instance_type = string, cluster = bool })
}

variable "data_key_arn" {
  description = "The key that messages are encrypted with."
  type        = string
}

variable "secrets_key_arn" {
  description = "The key that the user's password is encrypted with."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the user's secret can be had back for 30 days after it was deleted."
  type        = bool
}
