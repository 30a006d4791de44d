"""An independent evaluation of policies: straight from JSON, without sets or three values, in the order of AWS's flow chart."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any

Json = Any


def glob(pattern: str, text: str) -> bool:
    """Match ``*`` and ``?`` by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(pattern[1:], text) or (bool(text) and glob(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def fill(text: str, context: dict[str, list[str]]) -> str | None:
    """Put in variables; what they hold has no wildcards, so those become characters that no other text has."""
    out, rest = "", text
    while "${" in rest:
        before, _, rest = rest.partition("${")
        name, _, rest = rest.partition("}")
        key, _, default = name.partition(",")
        out += before
        if key in ("*", "?", "$"):
            out += {"*": "\x01", "?": "\x02", "$": "$"}[key]
        elif len(context.get(key.lower(), [])) == 1:
            out += context[key.lower()][0].replace("*", "\x01").replace("?", "\x02")
        elif key.lower() not in context and default:
            out += default.strip().strip("'")
        else:
            return None
    return out + rest


def hide(text: str) -> str:
    return text.replace("*", "\x01").replace("?", "\x02")


def arn(pattern: str, text: str) -> bool:
    if pattern == "*":
        return True
    one, two = pattern.split(":"), text.split(":")
    if len(one) < 6 or len(two) < 6:
        return False
    one, two = [*one[:5], ":".join(one[5:])], [*two[:5], ":".join(two[5:])]
    return all(glob(each, hide(other)) for each, other in zip(one, two, strict=True))


def resource(pattern: str, text: str) -> bool:
    if pattern == "*":
        return True
    if text == "*":
        return False
    parts = pattern.split(":")
    return arn(pattern + ":*" * max(0, 6 - len(parts)), text)


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def when(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return number(text)


def compare(operator: str, expected: str, value: str) -> bool:  # noqa: PLR0911 - one operator after the other
    if operator == "StringEquals":
        return hide(expected) == hide(value)
    if operator == "StringEqualsIgnoreCase":
        return hide(expected.lower()) == hide(value.lower())
    if operator == "StringLike":
        return glob(expected, hide(value))
    if operator in ("ArnLike", "ArnEquals"):
        return arn(expected, value)
    if operator == "Bool":
        return expected.lower() == value.lower()
    if operator == "BinaryEquals":
        return expected == value
    if operator == "IpAddress":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(expected, strict=False)
        except ValueError:
            return False
    read = number if operator.startswith("Numeric") else when
    left, right = read(value), read(expected)
    if left is None or right is None:
        return False
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[operator.removeprefix("Numeric").removeprefix("Date")]


def condition(operator: str, key: str, expected: list[str], context: dict[str, list[str]], variables: bool) -> bool:
    present = bool(context.get(key.lower()))
    if operator == "Null":
        return (expected[0].lower() == "true") == (not present)
    quantifier, _, word = operator.rpartition(":")
    if_exists = word.endswith("IfExists")
    word = word.removesuffix("IfExists")
    negated = "Not" in word
    word = word.replace("Not", "")
    if not present:
        if if_exists or quantifier == "ForAllValues":
            return True
        return negated and not quantifier
    texts = word.startswith(("String", "Arn"))

    def matches(value: str) -> bool:
        for each in expected:
            wanted = fill(each, context) if variables and texts else each
            if wanted is not None and compare(word, wanted, value):
                return True
        return False

    results = [matches(value) != negated for value in context[key.lower()]]
    return all(results) if quantifier == "ForAllValues" else any(results)


def listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]


def applies(statement: Json, request: Json, variables: bool) -> bool:
    action = request["action"].lower()
    if "Action" in statement:
        if not any(glob(each.lower(), action) for each in listed(statement["Action"])):
            return False
    elif any(glob(each.lower(), action) for each in listed(statement["NotAction"])):
        return False

    def fits(pattern: str) -> bool:
        filled = fill(pattern, request["context"]) if variables else pattern
        return filled is not None and resource(filled, request["resource"])

    if "Resource" in statement and not any(fits(each) for each in listed(statement["Resource"])):
        return False
    if "NotResource" in statement and any(fits(each) for each in listed(statement["NotResource"])):
        return False
    return all(
        condition(operator, key, [str(each) for each in listed(values)], request["context"], variables)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def statements(policies: list[Json] | None, effect: str, request: Json) -> list[Json]:
    return [
        statement
        for policy in policies or []
        for statement in listed(policy["Statement"])
        if statement["Effect"] == effect and applies(statement, request, policy.get("Version") == "2012-10-17")
    ]


def names(statement: Json, who: Json) -> set[str]:
    """Return by which of its names a statement means a principal."""
    principal = statement["Principal"]
    values = ["*"] if principal == "*" else listed(principal.get("AWS", []))
    found = set()
    for value in values:
        for name, own in (
            ("everybody", "*"),
            ("role", who["arn"]),
            ("session", who["session"]),
            ("account", who["account"]),
            ("account", f"arn:aws:iam::{who['account']}:root"),
        ):
            if value == own:
                found.add(name)
    return found


def evaluate(request: Json, policies: Json) -> str:  # noqa: PLR0911 - as the flow chart
    who = request["principal"]
    identity, boundary, session = policies["identity"], policies.get("boundary"), policies.get("session")
    # 1. Explicit refusals.
    if any(statements(each, "Deny", request) for each in (identity, boundary, session)):
        return "denied"
    if any(names(each, who) for each in statements(policies["resource"], "Deny", request)):
        return "denied"
    # 2. The organisation's levels.
    if any(not statements(level, "Allow", request) for level in policies["organisation"]):
        return "denied"
    granted: set[str] = set()
    for each in statements(policies["resource"], "Allow", request):
        granted |= names(each, who)
    by_identity = bool(statements(identity, "Allow", request))
    in_boundary = boundary is None or bool(statements(boundary, "Allow", request))
    in_session = session is None or bool(statements(session, "Allow", request))
    # 3. Another account's resource.
    if request["account"] != who["account"]:
        return "allowed" if granted and by_identity and in_boundary and in_session else "denied"
    # 4. The resource's policy, by whom it names.
    if "session" in granted:
        return "allowed"
    if in_boundary and in_session:
        if granted & {"role", "everybody"}:
            return "allowed"
        if by_identity and (not policies["guarded"] or "account" in granted):
            return "allowed"
        return "denied"
    return "unknown" if "everybody" in granted else "denied"
