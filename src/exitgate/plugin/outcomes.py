"""A test's end to an outcome: what pytest saw, in the words of the gate. Runs where the test runs."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Generator

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import ExitgateError, PrerequisiteMissing, one_line
from exitgate.finding import Finding
from exitgate.observation import Observation
from exitgate.outcome import Key, Outcome, Status
from exitgate.plugin.collection import KEY
from exitgate.plugin.session import GateSession
from exitgate.provenance import Evidence

ATTRIBUTE = "exitgate_outcome"
"""The name under which an outcome crosses from worker to controller, on a test report."""


class Outcomes:
    """Turns each phase of each gate test into an outcome, attached to its report as JSON."""

    def __init__(self, session: GateSession) -> None:
        """Start with no finding."""
        self._session = session
        self._findings: list[Finding] = []

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Keep the findings that an assertion found where it wanted none, and print them well."""
        if op != "==" or right != [] or not isinstance(left, list) or not left:
            return None
        if not all(isinstance(item, Finding) for item in left):
            return None
        self._findings = list(left)
        return [f"{len(left)} finding{'s' if len(left) > 1 else ''}", *(str(finding) for finding in left)]

    def pytest_runtest_setup(self) -> None:
        """Forget the findings of the test before."""
        self._findings = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the outcome; say *skipped* to pytest for what is not assessed, and *xfailed* for what is waived."""
        report = yield
        key = item.stash.get(KEY, None)
        if key is None:
            return report
        outcome = self._outcome(item, call, report, key)
        if outcome is None:
            return report
        if outcome.status is Status.NOT_ASSESSED:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.reportinfo()[1] or 0, outcome.message)
        elif outcome.status is Status.NOT_MET and self._is_waived(key, outcome):
            report.outcome, report.wasxfail = "skipped", "waived"
        self._attach_to_allure(outcome)
        setattr(report, ATTRIBUTE, outcome.model_dump(mode="json"))
        return report

    def _outcome(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, key: Key
    ) -> Outcome | None:
        if call.when != "call" and call.excinfo is None:
            return None
        status, message, findings = self._judge(item, call)
        if hasattr(report, "wasxfail"):
            status, message = Status.ERROR, "a gate's test is marked xfail; a waiver is the one way to accept a failure"
        seen = _observations(item) if call.when == "call" else ()
        evidence: tuple[Evidence, ...] = tuple(dict.fromkeys(file for each in seen for file in each.evidence))
        if status is Status.ERROR and call.excinfo is not None and not isinstance(call.excinfo.value, ExitgateError):
            trace = "".join(traceback.format_exception(call.excinfo.value))
            evidence = (*evidence, self._session.evidence.keep("traceback.txt", trace))
        level = min((each.substrate.assurance for each in seen), default=Assurance.DECLARED)
        substrates = [each.substrate for each in seen]
        return Outcome(
            key=key,
            status=status,
            assurance=level if status in (Status.MET, Status.NOT_MET) else None,
            message=message,
            findings=findings,
            evidence=evidence,
            duration_s=call.duration,
            substrate="; ".join(dict.fromkeys(substrate.name for substrate in substrates)),
            limits=tuple(dict.fromkeys(limit for substrate in substrates for limit in substrate.limits)),
            substitutes=tuple(dict.fromkeys(name for substrate in substrates for name in substrate.substitutes)),
            tools=tuple(dict.fromkeys(tool for substrate in substrates for tool in substrate.tools)),
            images=_images(seen),
            pictures=tuple(dict.fromkeys(picture for each in seen for picture in each.pictures)),
        )

    def _judge(self, item: pytest.Item, call: pytest.CallInfo[None]) -> tuple[Status, str, tuple[Finding, ...]]:
        if call.excinfo is None:
            return Status.MET, "", ()
        error = call.excinfo.value
        if isinstance(error, PrerequisiteMissing):
            return Status.NOT_ASSESSED, str(error), ()
        if isinstance(error, pytest.skip.Exception):
            return Status.NOT_ASSESSED, one_line(str(error)), ()
        if call.when == "call" and isinstance(error, AssertionError) and call.excinfo.traceback[-1].path == item.path:
            return Status.NOT_MET, *self._not_met(item, error)
        if isinstance(error, ExitgateError):
            return Status.ERROR, str(error), ()
        where = f" in {call.when}" if call.when != "call" else ""
        return Status.ERROR, one_line(f"{type(error).__name__}{where}: {error}"), ()

    def _not_met(self, item: pytest.Item, error: AssertionError) -> tuple[str, tuple[Finding, ...]]:
        findings = tuple(self._findings) or (
            Finding(
                location=f"{item.path.name}:{(item.reportinfo()[1] or 0) + 1}",
                message=one_line(str(error)) or "the assertion failed",
                expected="the assertion to hold",
                got="an AssertionError without findings",
                remedy="See the control's remediation.",
            ),
        )
        more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        return findings[0].message + more, findings

    def _is_waived(self, key: Key, outcome: Outcome) -> bool:
        from exitgate.plugin.clock import today
        from exitgate.waivers import waivers_for

        rules = [finding.rule for finding in outcome.findings]
        return bool(waivers_for(key.control, key.subject, rules, self._session.target.waivers, today()))

    def _attach_to_allure(self, outcome: Outcome) -> None:
        import allure

        for evidence in outcome.evidence:
            path = self._session.report_directory / evidence.path
            allure.attach.file(  # type: ignore[no-untyped-call]
                str(path), name=evidence.name, extension=path.suffix.lstrip(".") or "txt"
            )


def _observations(item: pytest.Item) -> tuple[Observation, ...]:
    """Return the observations that the test itself took, not those that its fixtures were made of."""
    function = getattr(item, "function", None)
    names = inspect.signature(function).parameters if function else ()
    values = getattr(item, "funcargs", {})
    return tuple(values[name] for name in names if isinstance(values.get(name), Observation))


def _images(seen: tuple[Observation, ...]) -> tuple[str, ...]:
    """Return the digests of the images that were read whole; what a container of one did hangs on the same image."""
    from exitgate.observe.image import ImageFacts

    return tuple(dict.fromkeys(each.id for each in seen if isinstance(each, ImageFacts)))
