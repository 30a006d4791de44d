"""Results of tests, as runners of several languages write them."""

from __future__ import annotations

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.junit_results import TestResult, read_junit

NODE = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="orders" tests="3" failures="1" skipped="1">
    <testcase name="is placed" time="0.1" classname="test"/>
    <testcase name="is found" time="0.1" classname="test" failure="500 &amp;quot;no&amp;quot;">
      <failure type="testCodeFailure" message="500 &amp;quot;no&amp;quot;">a stack</failure>
    </testcase>
    <testsuite name="later"><testcase name="is told"><skipped type="skipped" message="true"/></testcase></testsuite>
  </testsuite>
  <testcase name="alone"/>
</testsuites>
"""


def test_each_test_has_the_names_of_its_suites_and_its_end() -> None:
    assert read_junit(NODE, "results.xml") == (
        TestResult(name="orders > is placed", outcome="passed"),
        TestResult(name="orders > is found", outcome="failed", said='500 "no"'),
        TestResult(name="orders > later > is told", outcome="skipped"),
        TestResult(name="alone", outcome="passed"),
    )


@pytest.mark.parametrize(("wrong", "said"), [("<error>it broke</error>", "it broke"), ("<failure/>", "failure")])
def test_a_failure_without_a_message_is_told_by_its_text_or_kind(wrong: str, said: str) -> None:
    (test,) = read_junit(f"<testsuite><testcase name='a'>{wrong}</testcase></testsuite>".encode(), "r.xml")
    assert (test.outcome, test.said) == ("failed", said)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_encoding_is_what_the_file_says(encoding: str) -> None:
    declared = "" if encoding == "utf-8-sig" else f'<?xml version="1.0" encoding="{encoding}"?>'
    text = f"{declared}<testsuite><testcase name='é'/></testsuite>"
    assert [each.name for each in read_junit(text.encode(encoding), "results.xml")] == ["é"]


def test_a_file_without_tests_has_none() -> None:
    assert read_junit(b"<testsuites/>", "results.xml") == ()


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (b"", "no element found"),
        (b"TAP version 13", "syntax error"),
        (b"<html/>", "<html>"),
        (b"<!DOCTYPE testsuites><testsuites/>", "a document type"),
        ("<!DOCTYPE testsuites><testsuites/>".encode("utf-16"), "a document type"),
        (
            b'<?xml version="1.0" encoding="cp037"?>' + "<!DOCTYPE testsuites><testsuites/>".encode("cp037"),
            "a document type",
        ),
        (b'<?xml version="1.0" encoding="rot13"?><testsuites/>', "rot13"),
        (b"<testsuites>\xff</testsuites>", "can't decode"),
    ],
)
def test_anything_else_is_an_error(text: bytes, got: str) -> None:
    with pytest.raises(ObservationError, match=got):
        read_junit(text, "results.xml")
