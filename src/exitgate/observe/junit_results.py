"""Results of tests as JUnit XML, which test runners of every language write: each test, and what became of it.

Source: https://github.com/testmoapp/junitxml, since no standard says it.
"""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Literal

from exitgate.errors import ObservationError, one_line

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_SAYING = 400
"""Characters of a failure's words that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What became of one test."""

    name: str
    """With the suites that it is in, outermost first."""
    outcome: Literal["passed", "failed", "skipped"]
    said: str = ""
    """Of a failure, in one line."""

    __test__ = False


def read_junit(text: bytes, subject: str) -> tuple[TestResult, ...]:
    """Return all tests of a file, in its order.

    Args:
        text: The file's bytes.
        subject: What it is called in messages.

    Raises:
        ObservationError: if it is no JUnit XML.
    """
    try:
        words = _decoded(text)
        # Without a document type there are no entities, which alone let a small file become a large one. What is looked through is
        # what is parsed: of bytes, the parser would choose an encoding of its own.
        if "<!DOCTYPE" in words or "<!ENTITY" in words:
            raise _unread(subject, "a document type in it")
        root = ET.fromstring(words)  # noqa: S314
    except (ET.ParseError, LookupError, ValueError) as error:
        raise _unread(subject, str(error)) from error
    if root.tag not in ("testsuites", "testsuite"):
        raise _unread(subject, f"<{root.tag}>")
    return tuple(_tests(root, ()))


def _decoded(text: bytes) -> str:
    """Return a file's text: by its byte order mark, else by what its first line declares, else as UTF-8.

    Raises:
        LookupError: if there is no such encoding.
        ValueError: if it is not in that encoding.
    """
    for mark, encoding in _MARKS:
        if text.startswith(mark):
            return text.decode(encoding)
    declared = _DECLARED.match(text)
    return text.decode(declared[1].decode("ascii") if declared else "utf-8")


def _tests(element: ET.Element, suites: tuple[str, ...]) -> Iterator[TestResult]:
    for child in element:
        if child.tag == "testsuite":
            yield from _tests(child, (*suites, child.get("name", "")))
        elif child.tag == "testcase":
            yield _test(child, suites)


def _test(case: ET.Element, suites: tuple[str, ...]) -> TestResult:
    name = " > ".join(filter(None, (*suites, case.get("name", ""))))
    wrong = next((each for each in case if each.tag in ("failure", "error")), None)
    if wrong is not None:
        # Node.js 20 escapes it twice.
        said = unescape(wrong.get("message") or wrong.text or wrong.tag)
        return TestResult(name=name, outcome="failed", said=one_line(said, _SAYING))
    skipped = any(each.tag == "skipped" for each in case)
    return TestResult(name=name, outcome="skipped" if skipped else "passed")


def _unread(subject: str, got: str) -> ObservationError:
    return ObservationError(
        subject,
        got=f"no results of tests: {got}",
        expected="JUnit XML: <testsuites> or <testsuite> with a <testcase> for each test",
        action="Let the command write it, or correct `results`.",
    )
