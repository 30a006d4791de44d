"""3.3.A.1: every resource and every ARN stands where the policy lets it."""

from __future__ import annotations

import re

from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Stack
from exitgate.observe.terraform.resources import texts
from exitgate.policy import InfrastructurePolicy

_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):")
_ZONE = re.compile(r"^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]?$")
_STAND_IN = "exitgate"


def strays_of_region(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each provider, resource and ARN of a region that the policy does not list, or of none without being global.

    Raises:
        PrerequisiteMissing: if nothing is wrong, and where a provider works can't be told.
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        _judge_providers(stack, policy, judgement)
        for resource in stack.resources:
            for key, value in resource.values.items():
                for text in texts(value):
                    places = [(service, region) for service, region in _ARN.findall(text) if service != _STAND_IN]
                    if key in ("region", "availability_zone") and (zone := _ZONE.match(text)):
                        places.append(("", zone.group(1)))
                    for service, region in places:
                        if region not in policy.regions and (region or service not in policy.global_services):
                            judgement.fault(
                                resource.locate(key),
                                f"{resource.address} names {region or f'{service}, which has no region and is not listed'}",
                                expected=f"one of {', '.join(policy.regions)}, or a listed global service",
                                got=region or service,
                                remedy="Build the ARN from the region's variable, or add the service to global_services.",
                            )

    return judged(planned, judge)


def _judge_providers(stack: Stack, policy: InfrastructurePolicy, judgement: Judgement) -> None:
    for provider in stack.providers:
        if not provider.region:
            judgement.unknown.append(f"provider {provider.name}: region")
        elif provider.region not in policy.regions:
            judgement.fault(
                provider.location,
                f"provider {provider.name} makes its resources in {provider.region}",
                expected=f"one of {', '.join(policy.regions)}",
                got=provider.region,
                remedy="Give the provider a listed region, or list this one in [policy.infrastructure] regions.",
            )
