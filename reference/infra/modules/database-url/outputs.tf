output "name" {
  description = "The secret's name, once it has a value."
  value       = module.secret.name
}
