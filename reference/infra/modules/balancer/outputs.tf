output "security_group_id" {
  description = "The load balancer's security group."
  value       = aws_security_group.this.id
}

output "listener_arn" {
  description = "The HTTPS listener, for rules."
  value       = aws_lb_listener.https.arn
  # Where the lock is closed it comes first, in time as well as by priority.
  depends_on = [aws_lb_listener_rule.lock]
}

output "arn_suffix" {
  description = "The load balancer, as its metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "The address that the domain's record has to point to."
  value       = aws_lb.this.dns_name
}

output "certificate_validation" {
  description = "The DNS records by which ACM sees that the domain is ours."
  value       = aws_acm_certificate.this.domain_validation_options
}
