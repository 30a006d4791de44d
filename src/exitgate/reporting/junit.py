"""The record as JUnit XML, one suite a control. Only *met* is a pass; problems of the run are errors of a suite of their own."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from exitgate.outcome import Status
from exitgate.record import CheckEntry, Record
from exitgate.reporting.text import status_of, visible

_TAGS = {Status.NOT_MET: "failure", Status.ERROR: "error"}


def render_junit(record: Record) -> str:
    """Return the document. *Not assessed*, *waived* and *not applicable* are skipped, each with its reason."""
    root = ET.Element("testsuites", name=visible(record.gate))
    for control in (*record.controls, *record.requirements):
        suite = ET.SubElement(root, "testsuite", name=visible(f"{control.id} {control.title}"))
        for check in control.checks:
            _add_case(suite, control.id, check)
        _count(suite)
    problems = [*record.problems, *([] if record.finished_whole else ["the run did not finish"])]
    if problems:
        suite = ET.SubElement(root, "testsuite", name="the run itself")
        for number, problem in enumerate(problems, 1):
            case = ET.SubElement(suite, "testcase", classname="run", name=f"problem {number}", time="0")
            ET.SubElement(case, "error", message=visible(problem))
        _count(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ET.Element, control: str, check: CheckEntry) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=visible(control),
        name=visible(f"{check.id} [{check.subject}]"),
        time=f"{check.duration_s:.3f}",
    )
    status = status_of(check.status)
    if status == Status.MET:
        return
    message = visible(f"{status.words}: {check.message or check.says}")
    told = ET.SubElement(case, _TAGS.get(status, "skipped"), message=message)
    told.text = visible("\n".join(str(finding) for finding in check.findings))


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
