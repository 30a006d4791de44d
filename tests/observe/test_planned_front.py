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


OWN, WEB = "aws_lb_listener_rule.catalog", "aws_lb_listener_rule.web"
OTHER = "aws_lb_target_group.web"
FORWARD: dict[str, Value] = {"type": "forward", "target_group_arn": Reference(OTHER, "arn")}


def split(*weights: tuple[str, Value]) -> dict[str, Value]:
    groups = tuple({"arn": Reference(group, "arn"), "weight": weight} for group, weight in weights)
    return {"type": "forward", "forward": ({"target_group": groups},)}


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
        (GROUP, {"health_check": ({"port": "8080"},)}, f"{GROUP}: health checks on another port than requests"),
        (GROUP, {"protocol_version": "GRPC"}, f"{GROUP}: protocol_version"),
        (WEB, {"action": ({"type": "authenticate-oidc"}, FORWARD)}, f"{WEB}: action authenticate-oidc"),
        (WEB, {"action": ({"type": UNKNOWN},)}, f"{WEB}: action"),
        (WEB, {"action": UNKNOWN}, f"{WEB}: action"),
        (WEB, {"action": ({"type": "forward", "target_group_arn": UNKNOWN},)}, f"{WEB}: where it forwards to"),
        (OWN, {"action": (split((GROUP, 90), (OTHER, 10)),)}, f"{OWN}: forward to several target groups"),
        (OWN, {"action": (split((GROUP, 0)),)}, f"{OWN}: weight of a target group"),
        (OWN, {"action": (split((GROUP, UNKNOWN)),)}, f"{OWN}: weight of a target group"),
        (OWN, {"condition": UNKNOWN}, f"{OWN}: its conditions"),
        (OWN, {"transform": ({"type": "url-rewrite"},)}, f"{OWN}: transform"),
        (OWN, {"condition": ({"host_header": ({"values": (UNKNOWN,)},)},)}, f"{OWN}: its condition on host_header"),
    ],
)
def test_what_is_not_known_or_not_modelled_is_named(address: str, values: dict[str, Value], unknown: str) -> None:
    front = front_of(stack(**{address: values}))
    assert front is not None
    assert {*front.unknown, *front.unchecked} == {unknown}


@pytest.mark.parametrize(
    ("values", "is_way_known"),
    [
        ({"health_check": ({"protocol": "HTTPS"},)}, True),
        ({"health_check": ({"port": "8080"},)}, True),
        ({"protocol_version": "HTTP2"}, False),
    ],
)
def test_health_checks_that_are_not_modelled_are_not_tried(values: dict[str, Value], is_way_known: bool) -> None:
    front = front_of(stack(**{GROUP: values}))
    assert front is not None
    assert (bool(front.unchecked), not front.unknown) == (True, is_way_known)


@pytest.mark.parametrize("port", ["traffic-port", "3000", "", None])
def test_health_checks_on_the_port_of_requests_are_tried(port: Value) -> None:
    values: dict[str, Value] = {"port": 3000, "protocol_version": "HTTP1", "health_check": ({"port": port},)}
    front = front_of(stack(**{GROUP: values, OWN: {"action": (split((GROUP, 1)),)}}))
    assert front is not None
    assert (front.unchecked, front.unknown) == ((), ())


@pytest.mark.parametrize(
    ("hosts", "path", "host"),
    [
        (("api.shop.example",), "/api/products?page=2", "api.shop.example"),
        (("*.shop.example", "api.shop.example"), "/api/products/7", "any.shop.example"),
        (("*.example", "api.shop.example"), "/api/products", "shop.example"),
        (("api.shop.example",), "/elsewhere", "shop.example"),
        (("shop.example", "api.shop.example"), "/api/products", "shop.example"),
        ((), "/api/products", "shop.example"),
    ],
    ids=["host", "pattern", "certificate's by pattern", "other path", "certificate's", "every host"],
)
def test_it_is_asked_under_a_host_of_the_rule_that_leads_to_it(hosts: tuple[str, ...], path: str, host: str) -> None:
    named = ({"host_header": ({"values": hosts},)},) if hosts else ()
    front = front_of(stack(**{OWN: {"condition": (*RULE["condition"], *named)}}))  # type: ignore[misc]
    assert front is not None
    assert front.host_for(path) == host


def test_a_rule_before_it_that_answers_for_one_host_leaves_the_other() -> None:
    hosts: Value = ({"host_header": ({"values": ("shop.example", "api.shop.example")},)},)
    closed: dict[str, Value] = {"priority": 1, "condition": ({"host_header": ({"values": ("SHOP.example",)},)},)}
    front = front_of(stack(**{OWN: {"condition": hosts}, WEB: closed}))
    assert front is not None
    assert front.host_for("/api/products") == "api.shop.example"


def test_a_version_that_the_code_leaves_to_aws_is_the_default() -> None:
    front = front_of(stack(**{GROUP: {"protocol_version": UNKNOWN}}))
    assert front is not None
    assert (front.unchecked, front.unknown) == ((), ())


def test_where_no_listener_of_tls_leads_to_it_there_is_nothing() -> None:
    assert front_of(stack(**{LISTENER: {"protocol": "HTTP"}})) is None
    assert front_of(stack(**{"aws_lb_listener_rule.catalog": {"action": ()}})) is None
    without = changed(*CERTIFICATE, **{"aws_ecs_service.catalog": {"load_balancer": ()}}).stacks[0]
    assert front_of(replace(without)) is None
