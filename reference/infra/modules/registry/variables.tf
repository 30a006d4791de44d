variable "name" {
  description = "The repository's name."
  type        = string
}

variable "kms_key_arn" {
  description = "The key that images are encrypted with."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the repository refuses to be deleted while it holds images."
  type        = bool
}
