# What takes a release back that its health checks call healthy. Two minutes in a row, so that one bad minute is none.

locals {
  target = { LoadBalancer = var.balancer_arn_suffix, TargetGroup = aws_lb_target_group.this.arn_suffix }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.full_name}-errors"
  alarm_description   = "More than 1 percent of ${var.name}'s answers are server errors"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  # No request, no error.
  treat_missing_data = "notBreaching"

  metric_query {
    id          = "percent"
    label       = "Server errors in percent"
    expression  = "100 * FILL(errors, 0) / requests"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      dimensions  = local.target
      stat        = "Sum"
      period      = 60
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = local.target
      stat        = "Sum"
      period      = 60
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${local.full_name}-latency"
  alarm_description   = "${var.name} takes more than a second for one answer in a hundred"
  comparison_operator = "GreaterThanThreshold"
  # Seconds.
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"

  namespace          = "AWS/ApplicationELB"
  metric_name        = "TargetResponseTime"
  dimensions         = local.target
  extended_statistic = "p99"
  period             = 60
}
