# How many tasks run: as many as keep the processors at 60 percent, between the environment's bounds.

locals {
  scaling_count = var.tasks.maximum > var.tasks.minimum ? 1 : 0
}

resource "aws_appautoscaling_target" "this" {
  count = local.scaling_count

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.tasks.minimum
  max_capacity       = var.tasks.maximum
}

resource "aws_appautoscaling_policy" "cpu" {
  count = local.scaling_count

  name               = "${local.full_name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 60
    # Seconds. Quickly up, slowly down.
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
