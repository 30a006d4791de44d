output "security_group_id" {
  description = "The cache's security group."
  value       = aws_security_group.this.id
}

output "url" {
  description = "The address as services are told it."
  value       = "rediss://:${module.token.password}@${aws_elasticache_replication_group.this.primary_endpoint_address}:${aws_elasticache_replication_group.this.port}"
  sensitive   = true
}
