"""Policies and requests drawn at random, and the comparison of the evaluation with the oracle."""

from __future__ import annotations

from random import Random
from typing import Any

from exitgate.rights import Context, Policies, Principal, Request, decide, read_document

from .oracle import evaluate

ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:getobject",
    "s3:Get*",
    "s3:*",
    "sqs:Send?essage",
    "*",
    "sqs:SendMessage",
    "kms:*",
)
ASKED = ("s3:GetObject", "s3:PutObject", "sqs:SendMessage", "kms:Decrypt")
RESOURCES = (
    *("*", "arn:aws:s3:::a/x", "arn:aws:s3:::a/*", "arn:aws:s3:::*/x", "arn:aws:s3", "arn:aws:sqs:*:111111111111:q?"),
    *(
        "arn:aws:s3:::a/${aws:username}",
        "arn:aws:s3:::${aws:PrincipalTag/team,'a'}/x",
        "arn:aws:s3:::a/${*}",
        "arn:*:s3:::a/x",
    ),
)
TARGETS = (
    "*",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::a/x/y",
    "arn:aws:sqs:eu:111111111111:q1",
    "arn:aws:s3:::a/*",
)
ROLE = "arn:aws:iam::111111111111:role/r"
SESSION = "arn:aws:sts::111111111111:assumed-role/r/s"
PRINCIPALS: tuple[Any, ...] = (
    *(
        "*",
        {"AWS": "*"},
        {"AWS": ROLE},
        {"AWS": SESSION},
        {"AWS": "arn:aws:iam::111111111111:root"},
        {"AWS": "111111111111"},
    ),
    *({"AWS": ["222222222222", ROLE]}, {"AWS": "arn:aws:iam::222222222222:root"}, {"Service": "ec2.amazonaws.com"}),
)
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # Key: operators, values in policies, values in requests.
    "aws:username": (
        ("StringEquals", "StringLike", "StringEqualsIgnoreCase"),
        ("x", "X", "x*", "?", "${aws:username}", "${aws:PrincipalTag/team}"),
        ("x", "xy", "X"),
    ),
    "aws:PrincipalTag/team": (("StringEquals", "StringLike"), ("a", "b", "${aws:username}"), ("a", "b", "*")),
    "aws:TagKeys": (("StringEquals", "StringLike"), ("a", "b", "a*"), ("a", "b", "ab")),
    "aws:SourceArn": (
        ("ArnLike", "ArnEquals", "StringLike"),
        ("arn:aws:s3:::*", "arn:aws:*:::b", "arn:aws:s3:::b", "*"),
        ("arn:aws:s3:::b", "arn:aws:sns:::b", "x"),
    ),
    "aws:SourceIp": (
        ("IpAddress",),
        ("10.0.0.0/8", "10.1.2.3", "2001:db8::/32"),
        ("10.1.2.3", "11.0.0.1", "2001:db8::1"),
    ),
    "aws:SecureTransport": (("Bool",), ("true", "false"), ("true", "false")),
    "s3:max-keys": (
        ("NumericEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericLessThanEquals", "NumericGreaterThan"),
        ("1", "10", "2.5"),
        ("1", "10", "3", "x"),
    ),
    "aws:CurrentTime": (
        ("DateEquals", "DateLessThan", "DateGreaterThan", "DateGreaterThanEquals"),
        ("2026-01-01T00:00:00Z", "1767225600"),
        ("2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z"),
    ),
}
NEGATED = {
    **{f"String{each}": f"StringNot{each}" for each in ("Equals", "Like", "EqualsIgnoreCase")},
    **{f"{kind}Equals": f"{kind}NotEquals" for kind in ("Arn", "Numeric", "Date")},
    "ArnLike": "ArnNotLike",
    "IpAddress": "NotIpAddress",
}


def few(draw: Random, offers: tuple[Any, ...], most: int = 2) -> Any:
    found = draw.sample(offers, draw.randint(1, most))
    return found[0] if len(found) == 1 and draw.random() < 0.5 else found


def a_condition(draw: Random) -> dict[str, Any]:
    key = draw.choice(list(KEYS))
    if draw.random() < 0.1:
        return {"Null": {key: draw.choice(["true", "false", True, False])}}
    operators, values, _ = KEYS[key]
    operator = draw.choice(operators)
    if draw.random() < 0.3:
        operator = NEGATED.get(operator, operator)
    if draw.random() < 0.2:
        operator += "IfExists"
    # A key of several values without a quantifier is not compared: AWS leaves it open.
    if key == "aws:TagKeys" or draw.random() < 0.15:
        operator = draw.choice(["ForAllValues:", "ForAnyValue:"]) + operator
    written = key if draw.random() < 0.8 else key.lower()
    return {operator: {written: few(draw, values)}}


def a_statement(draw: Random, *, resource: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow" if draw.random() < 0.8 else "Deny"}
    made["Action" if draw.random() < 0.85 else "NotAction"] = few(draw, ACTIONS)
    made["Resource" if draw.random() < 0.85 else "NotResource"] = few(draw, RESOURCES)
    if resource:
        made["Principal"] = draw.choice(PRINCIPALS)
    for _ in range(draw.choice([0, 0, 1, 1, 2])):
        made.setdefault("Condition", {}).update(a_condition(draw))
    return made


def policies(draw: Random, *, most: int, resource: bool = False) -> list[Any]:
    made = []
    for _ in range(draw.randint(0, most)):
        statements = [a_statement(draw, resource=resource) for _ in range(draw.randint(1, 2))]
        policy: dict[str, Any] = {"Statement": statements[0] if len(statements) == 1 else statements}
        if draw.random() < 0.8:
            policy["Version"] = draw.choice(["2012-10-17", "2012-10-17", "2008-10-17"])
        made.append(policy)
    return made


def context(draw: Random) -> dict[str, list[str]]:
    found = {}
    for key, (_, _, values) in KEYS.items():
        if draw.random() < 0.6:
            several = key == "aws:TagKeys" and draw.random() < 0.6
            found[key.lower()] = draw.sample(values, 2) if several else [draw.choice(values)]
    return found


def difference(seed: int) -> str:
    """Return where the evaluation and the oracle do not agree; empty where they do."""
    draw = Random(seed)
    all_of_it = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    drawn: dict[str, Any] = {
        "identity": policies(draw, most=2),
        "resource": policies(draw, most=2, resource=True),
        "boundary": policies(draw, most=1) if draw.random() < 0.3 else None,
        "session": policies(draw, most=1) if draw.random() < 0.3 else None,
        "organisation": [[all_of_it], policies(draw, most=1)] if draw.random() < 0.2 else [],
        "guarded": draw.random() < 0.3,
    }
    if draw.random() < 0.4:
        # So many hurdles hide one another: often the identity's policy decides alone, by its conditions and resources.
        statement = {**a_statement(draw, resource=False), "Effect": "Allow", "Action": "*"}
        statement.pop("NotAction", None)
        statement["Condition"] = a_condition(draw)
        if draw.random() < 0.6:
            statement.pop("NotResource", None)
            statement["Resource"] = "*"
        drawn.update(
            identity=[{"Version": "2012-10-17", "Statement": statement}],
            resource=[],
            boundary=None,
            session=None,
            organisation=[],
            guarded=False,
        )
    asked = {
        "principal": {"arn": ROLE, "session": SESSION, "account": "111111111111"},
        "action": draw.choice(ASKED),
        "resource": draw.choice(TARGETS),
        "account": draw.choice(["111111111111", "111111111111", "222222222222"]),
        "context": context(draw),
    }

    def read(several: Any) -> Any:
        return (
            None if several is None else tuple(read_document(f"p{index}", each) for index, each in enumerate(several))
        )

    decision = decide(
        Request(
            principal=Principal(arn=ROLE, session=SESSION, account="111111111111"),
            action=asked["action"],
            resource=asked["resource"],
            context=Context(values={key: tuple(values) for key, values in asked["context"].items()}),
            account=asked["account"],
        ),
        Policies(
            identity=read(drawn["identity"]),
            boundary=read(drawn["boundary"]),
            session=read(drawn["session"]),
            resource=read(drawn["resource"]),
            organisation=tuple(read(level) for level in drawn["organisation"]),
            guarded=drawn["guarded"],
        ),
    )
    expected = evaluate(asked, drawn)
    return "" if decision.verdict.value == expected else f"{seed}: {decision}, oracle {expected}: {asked} {drawn}"
