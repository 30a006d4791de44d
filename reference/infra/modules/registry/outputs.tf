output "repository_name" {
  description = "The repository's name."
  value       = aws_ecr_repository.this.name
}
