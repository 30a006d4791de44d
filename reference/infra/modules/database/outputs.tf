output "security_group_id" {
  description = "The database's security group."
  value       = aws_security_group.this.id
}

output "address" {
  description = "The server's host name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The server's port."
  value       = aws_db_instance.this.port
}

output "database" {
  description = "The database on it."
  value       = aws_db_instance.this.db_name
}
