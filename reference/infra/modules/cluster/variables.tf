variable "name" {
  description = "The cluster's name."
  type        = string
}
