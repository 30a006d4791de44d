"""A load balancer of a run's own, on loopback: Envoy, set up to act as AWS's Application Load Balancer does."""

from exitgate.provision.balancer.envoy import BalancerRules
from exitgate.provision.balancer.process import Balancer, find_envoy, throwaway_balancer
from exitgate.provision.balancer.targets import Target, TargetHealth

__all__ = [
    "Balancer",
    "BalancerRules",
    "Target",
    "TargetHealth",
    "find_envoy",
    "throwaway_balancer",
]
