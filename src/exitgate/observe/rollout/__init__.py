"""Rolling updates of real containers behind a real balancer, under load, by ECS's rules: performed, and told as facts."""
