variable "name" {
  description = "What the endpoints are called by."
  type        = string
}

variable "account_id" {
  description = "The account whose identities may use the endpoints."
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
  description = "The subnets that get an address of each endpoint."
  type        = list(string)
}

variable "repository_arns" {
  description = "The repositories from which images may be pulled."
  type        = list(string)
}

variable "log_group_arns" {
  description = "The log groups that may be written to, without the trailing :*."
  type        = list(string)
}

variable "secret_arns" {
  description = "The secrets that may be read; six ? stand for what AWS appends."
  type        = list(string)
}
