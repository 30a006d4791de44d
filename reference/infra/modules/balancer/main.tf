# The one way in: TLS ends here, plain HTTP is sent to it, and the lock decides whether anybody gets further.

resource "aws_security_group" "this" {
  name        = "${var.name}-balancer"
  description = "The load balancer"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-balancer", endpoint = "balancer" }
}

# Customers come from the internet.
# trivy:ignore:AWS-0053
resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.this.id]

  # Below the workloads' keep-alive of 65 s, or a request goes into a connection that is being closed.
  idle_timeout               = 60
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  access_logs {
    bucket  = var.access_log_bucket
    enabled = true
  }
}

# Its DNS record is set by who keeps the domain: output certificate_validation says which.
resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# No listener before the certificate is issued.
resource "aws_acm_certificate_validation" "this" {
  certificate_arn = aws_acm_certificate.this.arn
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  # TLS 1.3, and of 1.2 what has forward secrecy.
  ssl_policy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

  # What no rule takes. Services bring rules of their own.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Not available."
      status_code  = "503"
    }
  }
}

# The lock. It goes before every other rule and takes every request. The rules behind it stay, because ECS wants a target group
# that a listener leads to; so the release runs and is checked, and nobody is served.
resource "aws_lb_listener_rule" "lock" {
  count = var.traffic_enabled ? 0 : 1

  listener_arn = aws_lb_listener.https.arn
  priority     = 1

  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Closed until the release has passed its gate."
      status_code  = "503"
    }
  }

  tags = { Name = "lock" }
}
