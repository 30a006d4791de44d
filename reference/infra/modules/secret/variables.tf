variable "name" {
  description = "The secret's name."
  type        = string
}

variable "description" {
  description = "What it holds, and who reads it."
  type        = string
}

variable "value" {
  description = "What it holds."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "generation" {
  description = "Counted up to have the value written again."
  type        = number
  default     = 1
}

variable "kms_key_arn" {
  description = "The key that it is encrypted with."
  type        = string
}

variable "deletion_protection" {
  description = "Whether it can be had back for 30 days after it was deleted."
  type        = bool
}
