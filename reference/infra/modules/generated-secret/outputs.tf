output "username" {
  description = "The user's name, as the secret has it."
  value       = jsondecode(data.aws_secretsmanager_secret_version.this.secret_string)["username"]
  sensitive   = true
}

output "password" {
  description = "The password, as the secret has it."
  value       = jsondecode(data.aws_secretsmanager_secret_version.this.secret_string)["password"]
  sensitive   = true
}
