output "security_group_id" {
  description = "The database's security group."
  value       = aws_security_group.this.id
}

output "url" {
  description = "The address as the service is told it. Encrypted; the server is not asked who it is, as its authority is in no image yet."
  value = format(
    "postgresql://%s:%s@%s:%d/%s?uselibpqcompat=true&sslmode=require",
    var.database,
    ephemeral.aws_secretsmanager_random_password.role.random_password,
    aws_db_instance.this.address,
    aws_db_instance.this.port,
    aws_db_instance.this.db_name,
  )
  ephemeral = true
  sensitive = true
}
