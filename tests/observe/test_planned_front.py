"""What stands before a workload in a plan: rules in their order, versions of TLS, the certificate's domain, and what is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.observe.planned_front import PlannedFront, read_front
from exitgate.observe.terraform import UNKNOWN, Reference, Stack, Value
from exitgate.provision.balancer import Rule
from tests.checks.infrastructure.shop import changed, made

LISTENER = "aws_lb_listener.https"
HTTPS = Reference(LISTENER, "arn")
GROUP = "aws_lb_target_group.catalog"
SECURE: dict[str, Value] = {
    "protocol": "HTTPS",
    "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "certificate_arn": Reference("aws_acm_certificate_validation.this", "certificate_arn"),
    "default_action": ({"type": "fixed-response", "fixed_response": ({"status_code": "503"},)},),
}
CERTIFICATE = (
    made("aws_acm_certificate_validation.this", certificate_arn=Reference("aws_acm_certificate.this", "arn")),
    made("aws_acm_certificate.this", domain_name="shop.example"),
)
RULE = {"priority": 110, "condition": ({"path_pattern": ({"values": ("/api/products", "/api/products/*")},)},)}
CHECKED = {"protocol": "HTTP", "health_check": ({"protocol": "HTTP", "path": "/healthz", "matcher": "200,204-205"},)}


def stack(**values: dict[str, Value]) -> Stack:
    """Return the shop with a listener of TLS and a rule of catalog's, with other values by address."""
    given = {
        LISTENER: {**SECURE, **values.get(LISTENER, {})},
        "aws_lb_listener_rule.catalog": {**RULE, **values.get("aws_lb_listener_rule.catalog", {})},
        "aws_lb_listener_rule.web": {"priority": 1000, **values.get("aws_lb_listener_rule.web", {})},
        GROUP: {**CHECKED, **values.get(GROUP, {})},
    }
    return changed(*CERTIFICATE, **given).stacks[0]


def front_of(plan: Stack) -> PlannedFront | None:
    service = plan.find("aws_ecs_service.catalog")
    assert service is not None
    return read_front(plan, service, "catalog")


def test_rules_are_read_in_their_order_and_the_default_comes_last() -> None:
    front = front_of(stack())
    assert front is not None
    told = [each for each in front.rules if each.address != "aws_lb_listener_rule.orders"]
    assert told == [
        Rule(address="aws_lb_listener_rule.catalog", paths=("/api/products", "/api/products/*")),
        Rule(address="aws_lb_listener_rule.web", answers=503),
        Rule(address=LISTENER, answers=503),
    ]
    assert (front.domain, front.oldest, front.newest, front.port) == ("shop.example", "TLSv1_2", "TLSv1_3", 443)
    assert (front.health_path, front.success_codes, front.by_tls) == ("/healthz", (200, 204, 205), False)
    assert (front.balancer, front.group, front.unknown) == ("aws_lb.this", GROUP, ())


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", ("TLSv1_3", "TLSv1_3")),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", ("TLSv1_0", "TLSv1_3")),
        ("ELBSecurityPolicy-TLS-1-2-2017-01", ("TLSv1_2", "TLSv1_2")),
        ("ELBSecurityPolicy-FS-1-1-2019-08", ("TLSv1_1", "TLSv1_2")),
        ("ELBSecurityPolicy-2016-08", ("TLSv1_0", "TLSv1_2")),
    ],
)
def test_a_security_policy_says_which_versions_of_tls_are_taken(policy: str, versions: tuple[str, str]) -> None:
    front = front_of(stack(**{LISTENER: {"ssl_policy": policy}}))
    assert front is not None
    assert (front.oldest, front.newest) == versions


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ({"type": "redirect", "redirect": ({"status_code": "HTTP_301"},)}, 301),
        ({"type": "fixed-response", "fixed_response": ({"status_code": "403"},)}, 403),
        ({"type": "authenticate-oidc"}, 503),
    ],
)
def test_what_leads_elsewhere_is_answered_by_the_balancer(action: Value, status: int) -> None:
    front = front_of(stack(**{"aws_lb_listener_rule.web": {"action": (action,)}}))
    assert front is not None
    assert {each.answers for each in front.rules if each.address.endswith(".web")} == {status}


@pytest.mark.parametrize(
    ("address", "values", "unknown"),
    [
        (LISTENER, {"ssl_policy": UNKNOWN}, f"{LISTENER}: ssl_policy"),
        (LISTENER, {"port": UNKNOWN}, f"{LISTENER}: port"),
        (
            "aws_lb_listener_rule.catalog",
            {"condition": ({"source_ip": ({"values": ("10.0.0.0/8",)},)},)},
            "aws_lb_listener_rule.catalog: its condition on source_ip",
        ),
        (
            GROUP,
            {"health_check": ({"protocol": "HTTPS"},)},
            f"{GROUP}: health checks by another protocol than requests",
        ),
    ],
)
def test_what_is_not_known_or_not_modelled_is_named(address: str, values: dict[str, Value], unknown: str) -> None:
    front = front_of(stack(**{address: values}))
    assert front is not None
    assert front.unknown == (unknown,)


def test_where_no_listener_of_tls_leads_to_it_there_is_nothing() -> None:
    assert front_of(stack(**{LISTENER: {"protocol": "HTTP"}})) is None
    assert front_of(stack(**{"aws_lb_listener_rule.catalog": {"action": ()}})) is None
    without = changed(*CERTIFICATE, **{"aws_ecs_service.catalog": {"load_balancer": ()}}).stacks[0]
    assert front_of(replace(without)) is None
