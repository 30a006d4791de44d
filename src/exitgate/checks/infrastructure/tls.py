"""3.3.B.1.3: what reaches a listener in public comes by TLS, with a certificate and a security policy that somebody chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exitgate.checks.infrastructure.compute import runs_elsewhere
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.checks.infrastructure.listeners import balancers_of, forwards_of, listeners_of, rules_of
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy

_TLS: Final = ("HTTPS", "TLS")
_PLAIN: Final = ("HTTP", "TCP", "UDP", "TCP_UDP")


def plain_forwards(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each public listener that forwards in the clear, and each of TLS without a certificate or a listed security policy."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        listeners = listeners_of(stack)
        if not listeners and runs_elsewhere(stack, judgement, "listener of a load balancer"):
            return
        protocols = [each.get("protocol") for each in listeners]
        if not any(each in _TLS or isinstance(each, Unknown) for each in protocols):
            absent(judgement, stack, "HTTPS listener", "Declare aws_lb_listener with a certificate.")
        for listener, protocol in zip(listeners, protocols, strict=True):
            if isinstance(protocol, Unknown):
                judgement.open(listener, "protocol")
            elif protocol in _PLAIN:
                _judge_plain(stack, listener, judgement)
            elif protocol in _TLS:
                _judge_tls(listener, policy, judgement)

    return judged(planned, judge)


def _judge_tls(listener: Resource, policy: InfrastructurePolicy, judgement: Judgement) -> None:
    if listener.get("certificate_arn") in (None, ""):
        judgement.fault(
            listener.locate("certificate_arn"),
            f"{listener.address} has no certificate",
            expected="certificate_arn",
            got="none",
            remedy="Attach a validated certificate.",
        )
    got = listener.get("ssl_policy")
    if isinstance(got, Unknown):
        if "ssl_policy" in dict(listener.lines):
            judgement.open(listener, "ssl_policy")
            return
        got = "the provider's default"
    if got not in policy.tls_policies:
        judgement.fault(
            listener.locate("ssl_policy"),
            f"{listener.address} has a security policy that the target's policy does not list",
            expected=", ".join(policy.tls_policies) or "one that is listed",
            got=str(got),
            remedy="Set ssl_policy to a listed one.",
        )


def _judge_plain(stack: Stack, listener: Resource, judgement: Judgement) -> None:
    """Say where a listener without TLS sends on what reaches it from outside, by itself or by one of its rules."""
    owners = listener.references("load_balancer_arn")
    balancer = next((each for each in balancers_of(stack) if owners and each.address == owners[0]), None)
    if balancer is not None and balancer.get("internal") is True:
        return
    for owner in (listener, *rules_of(stack)):
        if owner is not listener:
            belongs = owner.references("listener_arn")
            if belongs is None:
                judgement.open(owner, "listener_arn")
            if belongs != (listener.address,):
                continue
        if forwards_of(owner).any:
            judgement.fault(
                owner.locate("action" if owner is not listener else "default_action"),
                f"{owner.address} forwards what comes over {listener.get('protocol')}, without TLS",
                expected="a listener of HTTPS or TLS",
                got=str(listener.get("protocol")),
                remedy="Forward behind TLS alone, with a certificate; redirect plain HTTP to it.",
            )


def served_without_tls(planned: Infrastructure) -> list[Finding]:
    """Name each plain listener, and each rule of one, that does anything but redirect to HTTPS."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        plain = {each.address: each for each in listeners_of(stack) if each.get("protocol") == "HTTP"}
        for listener in listeners_of(stack):
            if isinstance(listener.get("protocol"), Unknown):
                judgement.open(listener, "protocol")
        for listener in plain.values():
            _judge_actions(listener, listener.blocks("default_action"), judgement)
        for rule in rules_of(stack):
            owner = rule.references("listener_arn")
            if owner is None:
                judgement.open(rule, "listener_arn")
            elif owner and owner[0] in plain:
                _judge_actions(rule, rule.blocks("action"), judgement)

    return judged(planned, judge)


def _judge_actions(owner: Resource, actions: tuple[Mapping[str, object], ...] | None, judgement: Judgement) -> None:
    if actions is None:
        judgement.open(owner, "action")
    for action in actions or ():
        redirects = action.get("redirect")
        to = (
            [each.get("protocol") for each in redirects if isinstance(each, Mapping)]
            if isinstance(redirects, tuple)
            else []
        )
        if action.get("type") != "redirect" or to != ["HTTPS"]:
            judgement.fault(
                owner.locate("action" if owner.type.endswith("rule") else "default_action"),
                f"{owner.address} does something else than redirect to HTTPS",
                expected="a redirect to HTTPS",
                got=f"{action.get('type')} {', '.join(map(str, to))}".strip(),
                remedy="Redirect to HTTPS, and serve there.",
            )
