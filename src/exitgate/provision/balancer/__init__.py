"""A load balancer of a run's own, on loopback: Envoy, set up to act as AWS's Application Load Balancer does."""

from exitgate.provision.balancer.envoy import TASK_HEADER, BalancerRules
from exitgate.provision.balancer.front import RULE_HEADER, Front, Rule, certificate_for
from exitgate.provision.balancer.process import Balancer, find_envoy, throwaway_balancer
from exitgate.provision.balancer.targets import Target, TargetHealth

__all__ = [
    "RULE_HEADER",
    "TASK_HEADER",
    "Balancer",
    "BalancerRules",
    "Front",
    "Rule",
    "Target",
    "TargetHealth",
    "certificate_for",
    "find_envoy",
    "throwaway_balancer",
]
