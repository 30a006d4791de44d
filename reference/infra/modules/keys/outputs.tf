output "arns" {
  description = "The keys by what they are for: data, logs, secrets."
  value       = { for kind, key in aws_kms_key.this : kind => key.arn }
}
