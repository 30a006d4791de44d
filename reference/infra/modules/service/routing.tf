# How requests get to the workload, and when one of its tasks gets none.

resource "aws_lb_target_group" "this" {
  name        = local.full_name
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = local.port
  protocol    = "HTTP"

  # Seconds from "no new requests" on: the slowest one takes 20, with room for a slow client.
  deregistration_delay = 30

  # A task that stops answering is out after 3 checks, 10 s apart, the last one waited for: 33 s.
  health_check {
    enabled             = true
    protocol            = "HTTP"
    port                = "traffic-port"
    path                = var.health_path
    matcher             = "200"
    interval            = 10
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_rule" "this" {
  listener_arn = var.listener_arn
  priority     = var.routing.priority

  condition {
    path_pattern {
      values = var.routing.paths
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }

  tags = { Name = local.full_name }
}
