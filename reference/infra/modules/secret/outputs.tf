output "name" {
  description = "The secret's name, once it has a value."
  value       = aws_secretsmanager_secret.this.name
  depends_on  = [aws_secretsmanager_secret_version.this]
}

output "id" {
  description = "The secret's ARN."
  value       = aws_secretsmanager_secret.this.id
}

output "version_id" {
  description = "The version that holds the value."
  value       = aws_secretsmanager_secret_version.this.version_id
}
