variable "name" {
  description = "What the keys are called by."
  type        = string
}

variable "account_id" {
  description = "The account that the keys belong to."
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
