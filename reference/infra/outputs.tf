output "certificate_validation" {
  description = "The DNS records that the domain's keeper has to set before the certificate is issued."
  value       = module.balancer.certificate_validation
}

output "balancer_address" {
  description = "What the domain's record has to point to."
  value       = module.balancer.dns_name
}

output "cluster" {
  description = "ECS_CLUSTER of deploy.yml."
  value       = module.cluster.name
}

output "registry" {
  description = "ECR_REGISTRY of deploy.yml."
  value       = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com"
}

output "traffic_enabled" {
  description = "Whether anybody gets past the lock."
  value       = local.traffic_enabled
}
