output "security_group_id" {
  description = "The broker's security group."
  value       = aws_security_group.this.id
}

output "url" {
  description = "The address as services are told it; RabbitMQ has one endpoint, amqps://HOST:5671."
  value = replace(
    aws_mq_broker.this.instances[0].endpoints[0], "amqps://", "amqps://${module.user.username}:${module.user.password}@"
  )
  sensitive = true
}
