"""Expressions, after GitHub's reference: types, equality, functions, and what stays unknown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.github.evaluation import Contexts, Object, Unknown, evaluate, truth
from exitgate.github.expressions import BadExpression, parse, parse_condition, parse_template, paths

_NEEDS = Object({"a": Object({"result": "success"}), "b": Object({"result": "failure"})})
CONTEXTS = Contexts(
    values={"github": Object({"event_name": "push"}, path="github"), "needs": _NEEDS, "env": Object({})},
    status={"success": False, "failure": True, "cancelled": False},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("false", False),
        ("711", 711.0),
        ("-9.2", -9.2),
        ("0xff", 255.0),
        ("-2.99e-2", -0.0299),
        ("'It''s open source!'", "It's open source!"),
        ("1 == '1'", True),
        ("'' == 0", True),
        ("null == ''", True),
        ("true == 1", True),
        ("'abc' == 'ABC'", True),
        ("'abc' == 0", False),
        ("'a' < 'B'", True),
        ("'x' < 1", False),
        ("1 < 2 && 2 <= 2", True),
        ("!''", True),
        ("!0", True),
        ("!'a'", False),
        ("'' || 'default'", "default"),
        ("'a' && 'b'", "b"),
        ("github.event_name == 'PUSH' && 'yes' || 'no'", "yes"),
        ("github['event_name']", "push"),
        ("contains('Hello world', 'LLO')", True),
        ("contains(needs.*.result, 'failure')", True),
        ("contains(needs.*.result, 'cancelled')", False),
        ('contains(fromJSON(\'["push", "pull_request"]\'), github.event_name)', True),
        ("startsWith('Hello world', 'he')", True),
        ("endsWith('Hello world', 'LD')", True),
        ("format('Hello {0} {1} {2}', 'Mona', 'the', 'Octocat')", "Hello Mona the Octocat"),
        ("format('{{Hello {0} {1} {2}!}}', 'Mona', 'the', 'Octocat')", "{Hello Mona the Octocat!}"),
        ("join(needs.*.result, ', ')", "success, failure"),
        ("join('a')", "a"),
        ("fromJSON('[1, 2]')[1]", 2.0),
        ('fromJSON(\'{"a": {"b": true}}\').a.b', True),
        ("case(false, 1, true, 2, 3)", 2.0),
        ("needs.none.result", None),
        ("env.NONE", None),
        ("always()", True),
        ("success()", False),
        ("failure() && !cancelled()", True),
    ],
)
def test_githubs_reference(text: str, value: object) -> None:
    assert evaluate(parse(text), CONTEXTS) == value


def test_nan_equals_nothing() -> None:
    found = evaluate(parse("NaN"), CONTEXTS)
    assert isinstance(found, float)
    assert math.isnan(found)
    assert truth(found) is False
    assert evaluate(parse("NaN == NaN"), CONTEXTS) is False


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("github.actor", None),
        ("github.actor == 'x'", None),
        ("github.actor == 'x' && false", False),
        ("github.actor == 'x' || true", True),
        ("!github.actor", None),
        ("hashFiles('a')", None),
        ("contains(github.event.labels.*.name, 'x')", None),
        ("vars.RUN && always()", None),
        ("toJSON(github)", True),
    ],
)
def test_what_only_github_knows_is_unknown(text: str, known: bool | None) -> None:
    found = evaluate(parse(text), CONTEXTS)
    assert isinstance(found, Unknown)
    assert found.of
    assert truth(found) is known


def test_text_around_braces_makes_a_condition_that_is_always_true() -> None:
    assert truth(evaluate(parse_condition("${{ false }} == true"), CONTEXTS)) is True
    assert truth(evaluate(parse_condition("${{ false }}"), CONTEXTS)) is False
    assert truth(evaluate(parse_condition("false"), CONTEXTS)) is False


def test_a_template_keeps_the_type_of_a_lone_expression() -> None:
    assert evaluate(parse_template("${{ 1 }}"), CONTEXTS) == 1.0
    assert evaluate(parse_template("v${{ 1 }}-${{ '}}' }}"), CONTEXTS) == "v1-}}"
    assert evaluate(parse_template(""), CONTEXTS) == ""


def test_what_an_expression_reads_is_listed() -> None:
    assert set(paths(parse("contains(needs.*.result, secrets.TOKEN) && x[y.z]"))) == {
        "needs.*.result",
        "secrets.token",
        "x.…",
        "y.z",
    }


@pytest.mark.parametrize(
    "text",
    ['"double"', "a b", "(1", "1 +", "nosuch()", "contains('a')", "a..b", "'open", "&&", "a[", "", "fromJSON('x')x"],
)
def test_what_github_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)


def test_depth_has_an_end() -> None:
    with pytest.raises(BadExpression):
        parse("(" * 500 + "1" + ")" * 500)


@settings(max_examples=200, deadline=None)
@given(st.text("ab1.'()[]!&|=<>*, ${}", max_size=20))
def test_no_text_crashes(text: str) -> None:
    try:
        evaluate(parse_condition(text), CONTEXTS)
    except BadExpression:
        return
