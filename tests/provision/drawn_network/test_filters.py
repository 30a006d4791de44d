"""Security groups and network ACLs as input of iptables-restore."""

from __future__ import annotations

import pytest

from exitgate.provision.drawn_network.filters import host_filters, router_filters
from exitgate.reachability import Acl, AclRule, Group, Rule
from exitgate.reachability.addresses import ANY_V4, ANY_V6, cidr, managed, ranges
from exitgate.reachability.spans import Spans, union
from exitgate.reachability.traffic import ALL, traffic

ADDRESSES = cidr("10.0.0.0/24")


def accepted(rule: Rule, chain: str = "INPUT") -> list[str]:
    text = host_filters([Group(name="g", inbound=(rule,))], {"peers": ["10.0.1.4", "10.0.2.4"]})
    return [line for line in text.splitlines() if line.startswith(f"-A {chain} -s")]


@pytest.mark.parametrize(
    ("let", "words"),
    [
        (traffic("tcp", 80, 90), [" -p tcp -m tcp --dport 80:90"]),
        (traffic("udp", 53, 53), [" -p udp -m udp --dport 53:53"]),
        (traffic("tcp"), [" -p 6"]),
        (traffic("icmp", 8), [" -p icmp -m icmp --icmp-type 8"]),
        (ALL, [""]),
        (union(traffic("tcp", 22, 22), traffic("50")), [" -p tcp -m tcp --dport 22:22", " -p 50"]),
    ],
)
def test_what_a_rule_lets_through(let: Spans, words: list[str]) -> None:
    rule = Rule(name="r", traffic=let, addresses=ADDRESSES)
    assert accepted(rule) == [f"-A INPUT -s 10.0.0.0/24{each} -j ACCEPT" for each in words]


def test_a_group_is_the_addresses_of_all_that_are_in_it() -> None:
    rule = Rule(name="r", traffic=traffic("tcp", 5432, 5432), group="peers")
    assert [line.split()[3] for line in accepted(rule)] == ["10.0.1.4", "10.0.2.4"]
    assert accepted(Rule(name="r", traffic=ALL, group="nobody")) == []


def test_what_is_in_no_group_is_filtered_by_none() -> None:
    text = host_filters((), {})
    assert "-A INPUT -j ACCEPT" in text.splitlines()
    assert "REJECT" not in text


def test_whatever_no_rule_lets_through_is_refused_last() -> None:
    lines = host_filters([Group(name="empty")], {}).splitlines()
    assert [line for line in lines if "REJECT" in line] == [
        f"-A {chain} -j REJECT --reject-with icmp-admin-prohibited" for chain in ("INPUT", "OUTPUT")
    ]


def test_an_acl_decides_in_the_order_of_its_numbers() -> None:
    rules = (
        AclRule(name="later", number=200, allow=True, traffic=ALL, addresses=ANY_V4),
        AclRule(name="first", number=100, allow=False, traffic=traffic("tcp", 22, 22), addresses=ADDRESSES),
    )
    lines = router_filters([None, Acl(name="acl", inbound=rules)]).splitlines()
    assert [line for line in lines if line.startswith("-A IN1")] == [
        "-A IN1 -s 10.0.0.0/24 -p tcp -m tcp --dport 22:22 -j REJECT --reject-with icmp-admin-prohibited",
        "-A IN1 -s 0.0.0.0/0 -j RETURN",
        "-A IN1 -j REJECT --reject-with icmp-admin-prohibited",
    ]
    assert "-A FORWARD -o s1-+ -j IN1" in lines
    assert not any("IN0" in line for line in lines)


def test_ranges_of_aws_have_stand_ins_and_ipv6_none() -> None:
    assert ranges(ANY_V4) == ("0.0.0.0/0",)
    assert ranges(managed(3)) == ("192.0.2.3/32",)
    assert ranges(ANY_V6) == ()
    assert ranges(union(cidr("10.0.0.0/8"), cidr("11.0.0.0/8"))) == ("10.0.0.0/7",)
