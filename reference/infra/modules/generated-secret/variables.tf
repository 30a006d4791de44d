variable "name" {
  description = "The secret's name."
  type        = string
}

variable "description" {
  description = "What it is for."
  type        = string
}

variable "username" {
  description = "The user's name."
  type        = string
}

variable "anchor" {
  description = "Anything of the server's that AWS names when it is made, e.g. its security group's id."
  type        = string
}

variable "kms_key_arn" {
  description = "The key that it is encrypted with."
  type        = string
}

variable "deletion_protection" {
  description = "Whether it can be had back for 30 days after it was deleted."
  type        = bool
}
