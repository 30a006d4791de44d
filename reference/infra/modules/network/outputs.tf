output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "The subnets of each tier, in the order of their zones."
  value       = { for tier, zones in var.tiers : tier => [for zone in sort(keys(zones)) : aws_subnet.this["${tier}-${zone}"].id] }
}
