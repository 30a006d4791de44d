variable "name" {
  description = "The secret's name."
  type        = string
}

variable "role" {
  description = "The service's role in PostgreSQL: its own name."
  type        = string
}

variable "address" {
  description = "The server's host name."
  type        = string
}

variable "port" {
  description = "The server's port."
  type        = number
}

variable "database" {
  description = "The database on it."
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
