output "security_group_id" {
  description = "The tasks' security group."
  value       = aws_security_group.this.id
}

output "service_name" {
  description = "The service, as roll-out names it."
  value       = aws_ecs_service.this.name
}

# For tests, and for who wants to see what would run.
output "containers" {
  description = "The containers as ECS is told them."
  value       = local.containers
}

output "roles" {
  description = "The roles' names: of who starts the tasks, and of their code."
  value       = { execution = aws_iam_role.execution.name, task = aws_iam_role.task.name }
}
