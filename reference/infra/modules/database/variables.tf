variable "name" {
  description = "The server's name."
  type        = string
}

variable "database" {
  description = "The database on it: the service's name."
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
  description = "The server's size, and whether a second zone stands by."
  type        = object({ instance_class = string, storage_gib = number, storage_limit_gib = number, multi_az = bool })
}

variable "data_key_arn" {
  description = "The key that data is encrypted with."
  type        = string
}

variable "secrets_key_arn" {
  description = "The key that the administrator's password is encrypted with."
  type        = string
}

variable "log_key_arn" {
  description = "The key that logs are encrypted with."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the database refuses to be deleted."
  type        = bool
}

variable "final_snapshot" {
  description = "Whether a snapshot and the backups outlive the database."
  type        = bool
}
