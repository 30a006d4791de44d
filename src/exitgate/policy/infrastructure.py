"""``[policy.infrastructure]``: where resources stand, who may reach whom, and what roles may do (task 3.3)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from exitgate.policy.network import INTERNET, Flow, NetworkPolicy
from exitgate.policy.rule import Rule, Text, contradiction, refuse_doubles

_Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
_ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
_Action = Annotated[str, Field(pattern=r"^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$")]
_Resource = Annotated[str, Field(pattern=r"^(\*|arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[^\s*]+)$")]
LEAST_SEVERITY: Final = "high"
"""Of what Trivy has against the code, where no policy says: the laxest that one may say."""
UNRESTRICTABLE = frozenset({"ecr:GetAuthorizationToken"})
"""Actions that AWS can't limit to a resource, so that ``*`` is the least they can be given.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon ECR".
"""


class Need(Rule):
    """``[[policy.infrastructure.need]]``: what a role has to be allowed, action by action (3.3.B.3.1, 3.3.B.3.2)."""

    workload: Text
    role: Literal["task", "execution"]
    """The role that the workload's own code has, or the one with which ECS starts it."""
    actions: Annotated[tuple[_Action, ...], Field(min_length=1)]
    """IAM actions, without wildcards: what AWS adds to a service tomorrow was needed by nobody today."""
    resources: Annotated[tuple[_Resource, ...], Field(min_length=1)]
    """ARNs without ``*``; ``?`` stands for one character, as in the six that end the ARN of a secret."""
    why: Text

    @model_validator(mode="after")
    def _wildcard_where_nothing_less_exists(self) -> Self:
        refuse_doubles(self.actions, "actions")
        limited = [action for action in self.actions if action not in UNRESTRICTABLE]
        if "*" in self.resources and (limited or len(self.resources) > 1):
            raise contradiction(
                f"resources = * for {(limited or self.actions)[0]}",
                f"ARNs; * alone, and for {', '.join(sorted(UNRESTRICTABLE))} alone",
                "resources",
            )
        return self


class InfrastructurePolicy(Rule):
    """``[policy.infrastructure]``: where resources stand, who may reach whom, and what roles may do."""

    regions: Annotated[tuple[_Region, ...], Field(min_length=1)]
    """The AWS regions in which data may lie (3.3.A.1)."""
    global_services: tuple[_ServiceName, ...] = ()
    """Services that stand outside any region, by their name in ARNs, e.g. ``iam`` (3.3.A.1)."""
    tls_policies: tuple[Annotated[str, Field(pattern=r"^ELBSecurityPolicy-[A-Za-z0-9-]+$")], ...] = ()
    """The security policies that an HTTPS listener may have (3.3.B.1.3).

    Source: Application Load Balancers user guide, "Security policies".
    """
    backup_days: Annotated[int, Field(strict=True, ge=1, le=35)] | None = None
    """Days for which backups of databases are kept at least (3.3.B.2.1); RDS keeps automated ones for 35 at most."""
    misconfiguration_severity: Literal["low", "medium", "high"] = LEAST_SEVERITY
    """The mildest of what Trivy has against the code that counts, where a rule of Trivy's says what a control says."""
    exposed: tuple[Text, ...] = ()
    """The workloads that the load balancer forwards requests to (3.3.B.1.2)."""
    network: NetworkPolicy | None = None
    endpoints: dict[str, str] = Field(default={})
    """What opens or takes connections, e.g. the load balancer, each workload and each data store, to its tier (3.3.A.3).

    A planned resource is meant by its tag ``endpoint``, or that of its security group; a workload by its task definition too.
    """
    flow: tuple[Flow, ...] = ()
    need: tuple[Need, ...] = ()
    """What roles are allowed. A role without a need is allowed nothing."""

    @model_validator(mode="after")
    def _zones_of_its_regions(self) -> Self:
        refuse_doubles(self.regions, "regions")
        for index, tier in enumerate(self.network.tier if self.network else ()):
            for zone in tier.subnets:
                if zone[:-1] not in self.regions:
                    raise contradiction(
                        f"a subnet in {zone}",
                        f"a zone of {', '.join(self.regions)}",
                        *("network", "tier", index, "subnets", zone),
                    )
        return self

    @model_validator(mode="after")
    def _flows_between_endpoints(self) -> Self:
        tiers = {tier.name: tier.public for tier in self.network.tier} if self.network else {}
        for endpoint, tier_name in self.endpoints.items():
            if endpoint == INTERNET:
                raise contradiction("an endpoint named 'internet'", "another name: it means everybody", "endpoints")
            if tier_name not in tiers:
                raise contradiction(
                    f"{endpoint} in tier {tier_name!r}",
                    f"one of {', '.join(tiers) or 'the tiers of [policy.infrastructure.network]'}",
                    *("endpoints", endpoint),
                )
        known = {INTERNET, *self.endpoints}
        for index, flow in enumerate(self.flow):
            for key in ("source", "destination"):
                if getattr(flow, key) not in known:
                    raise contradiction(
                        f"{key} = {getattr(flow, key)!r}", f"one of {', '.join(sorted(known))}", "flow", index, key
                    )
            if flow.source == INTERNET and not tiers[self.endpoints[flow.destination]]:
                raise contradiction(
                    f"the internet may reach {flow.destination}, in the private tier {self.endpoints[flow.destination]!r}",
                    "a destination in a public tier: no route leads to a private one",
                    *("flow", index, "destination"),
                )
        return self

    @model_validator(mode="after")
    def _each_flow_once(self) -> Self:
        seen: set[str] = set()
        for index, flow in enumerate(self.flow):
            named = {f"{flow.source} to {flow.destination} by {flow.protocol} {port}" for port in flow.ports}
            if again := sorted(named & seen):
                raise contradiction(f"{again[0]} twice", "each flow once, with one reason", "flow", index)
            seen |= named
        return self
