"""Faults of 3.3.B.1.1 to 3.3.B.1.3: cluster, balancer and TLS."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, each_of, fault, replaced

_SERVICE = "infra/modules/service/main.tf"
_ROUTING = "infra/modules/service/routing.tf"
_BALANCER = "infra/modules/balancer/main.tf"
_CLUSTER = "infra/modules/cluster/main.tf"
_PLAIN_RULE = """
resource "aws_lb_listener_rule" "plain" {
  listener_arn = aws_lb_listener.http.arn
  priority     = 5

  condition {
    path_pattern {
      values = ["/old/*"]
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Hello."
      status_code  = "200"
    }
  }
}
"""
_REDIRECT = """  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
"""
_ANSWER = """  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "200"
    }
  }
"""

_PLAIN_FORWARD = """
resource "aws_lb_target_group" "old" {
  name        = "${var.name}-old"
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = 3000
  protocol    = "HTTP"
}

resource "aws_lb_listener" "old" {
  load_balancer_arn = aws_lb.this.arn
  port              = 8080
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.old.arn
  }
}
"""
_TLS = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
_HTTPS = 'resource "aws_lb_listener" "https" {\n'
FAULTS = (
    fault(
        "3.3.B.1.1 planned",
        "cluster-without-capacity",
        "the capacity is declared for a cluster of another name, and this one's is set by hand",
        replaced(_CLUSTER, "cluster_name       = aws_ecs_cluster.this.name", 'cluster_name       = "another"'),
        location=_CLUSTER,
        message="has no capacity that the code declares",
    ),
    fault(
        "3.3.B.1.1 workload-on-fargate",
        "service-in-default-cluster",
        "the service runs in a cluster that somebody made",
        replaced(_SERVICE, "cluster          = var.cluster_arn", 'cluster          = "by-hand"'),
        location=_SERVICE,
        message="runs in a cluster that the code does not make",
    ),
    fault(
        "3.3.B.1.3 certificate-attached",
        "plain-port-forwards",
        "an old port forwards requests in the clear",
        added(_BALANCER, _PLAIN_FORWARD),
        location=_BALANCER,
        message="aws_lb_listener.old forwards what comes over HTTP",
    ),
    fault(
        "3.3.B.1.1 planned",
        "cluster-on-instances",
        "the cluster's capacity is a group of instances that somebody made",
        replaced(_CLUSTER, 'capacity_providers = ["FARGATE"]', 'capacity_providers = ["FARGATE", "by-hand"]'),
        location=_CLUSTER,
        message="has capacity that is not Fargate's",
    ),
    fault(
        "3.3.B.1.1 workload-on-fargate",
        "service-on-instances",
        "the service runs on EC2 instances",
        replaced(
            _SERVICE, 'launch_type      = "FARGATE"\n  platform_version = "1.4.0"\n', 'launch_type      = "EC2"\n'
        ),
        location=_SERVICE,
        message="does not run on Fargate",
    ),
    fault(
        "3.3.B.1.1 workload-on-fargate",
        "tasks-with-public-address",
        "tasks get a public address, so that they can pull images",
        replaced(_SERVICE, "assign_public_ip = false", "assign_public_ip = true"),
        location=_SERVICE,
        message="get a public address",
    ),
    fault(
        "3.3.B.1.2 planned",
        "access-logs-off",
        "the load balancer's access logs are off",
        replaced(
            _BALANCER,
            "bucket  = var.access_log_bucket\n    enabled = true",
            "bucket  = var.access_log_bucket\n    enabled = false",
        ),
        location=_BALANCER,
        message="keeps no access logs",
    ),
    fault(
        "3.3.B.1.2 planned",
        "balancer-in-private-subnets",
        "the load balancer stands in the services' subnets",
        replaced(
            "infra/main.tf",
            "subnet_ids          = module.network.subnet_ids.public",
            "subnet_ids          = module.network.subnet_ids.services",
        ),
        location=_BALANCER,
        message="does not stand in public subnets",
        also=frozenset({"3.3.A.3"}),
    ),
    fault(
        "3.3.B.1.2 workload-routed",
        "health-check-undeclared",
        "the target group is left to AWS's default health check",
        replaced(_ROUTING, "path                = var.health_path", "path                = null"),
        location=_ROUTING,
        message="has no health check of its own",
    ),
    fault(
        "3.3.B.1.3 certificate-attached",
        "old-tls",
        "the HTTPS listener takes TLS 1.0",
        replaced(_BALANCER, _TLS, "ELBSecurityPolicy-2016-08"),
        location=_BALANCER,
        message="has a security policy that the target's policy does not list",
    ),
    fault(
        "3.3.B.1.3 certificate-attached",
        "old-tls-allowed",
        "the HTTPS listener takes TLS 1.0, the policy lists that, and a comment tells scanners to look away",
        each_of(
            replaced(_BALANCER, _TLS, "ELBSecurityPolicy-2016-08"),
            replaced(_BALANCER, _HTTPS, "# trivy:ignore:AWS-0047\n" + _HTTPS),
            replaced("exitgate.toml", _TLS, "ELBSecurityPolicy-2016-08"),
        ),
        location=_BALANCER,
        message="Trivy's AWS-0047: Listener uses an outdated TLS policy",
    ),
    fault(
        "3.3.B.1.3 http-redirects",
        "http-answers",
        "port 80 answers by itself",
        replaced(_BALANCER, _REDIRECT, _ANSWER),
        location=_BALANCER,
        message="does something else than redirect",
    ),
    fault(
        "3.3.B.1.3 http-redirects",
        "http-rule-answers",
        "a rule of port 80 answers, behind a default that redirects",
        added(_BALANCER, _PLAIN_RULE),
        location=_BALANCER,
        message="aws_lb_listener_rule.plain does something else than redirect",
    ),
)
