output "security_group_id" {
  description = "The endpoints' security group."
  value       = aws_security_group.this.id
}
