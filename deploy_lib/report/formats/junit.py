"""JUnit XML, so that a CI system shows a release as a suite and each step of it as a test.

The shape is the one Jenkins and GitLab read (testsuites, testsuite, testcase; failure, error, skipped). A step that
could not find out, or has not enough evidence, is an error there; one that never ran is skipped.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from deploy_lib.report import words
from deploy_lib.report.model import Report, StepRow

_ENDS = {"failed": "failure", "errored": "error", "inconclusive": "error", "unanswered": "error"}
_SKIPPED = ("skipped", "not run")


def write(report: Report) -> str:
    about = report.subject
    cases = [*report.steps, *_ending(report)]
    counts = {
        "tests": len(cases),
        "failures": sum(_ENDS.get(step.status) == "failure" for step in cases),
        "errors": sum(_ENDS.get(step.status) == "error" for step in cases),
        "skipped": sum(step.status in _SKIPPED for step in cases),
    }
    time = f"{sum(step.seconds or 0.0 for step in cases):.3f}"
    top = ET.Element("testsuites", {"name": "release", "time": time, **{k: str(v) for k, v in counts.items()}})
    suite = ET.SubElement(top, "testsuite", {"name": f"{about.service or 'release'} {about.id}".strip(), **top.attrib})
    suite.set("name", f"{about.service or 'release'} {about.id}".strip())
    if about.started:
        suite.set("timestamp", f"{about.started:%Y-%m-%dT%H:%M:%S}")
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for step in cases:
        _case(suite, step, report)
    ET.SubElement(suite, "system-out").text = "\n".join(report.summary)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _ending(report: Report) -> list[StepRow]:
    """A case for a release that did not come to what was asked for and has no failed step to show it."""
    outcome = report.subject.outcome
    if report.steps and (report.subject.is_good or any(step.status in _ENDS for step in report.steps)):
        return []
    failed = outcome is not None and outcome.words.junit == "failure"
    return [StepRow("release", "release", "failed" if failed else "errored", report.headline)]


def _properties(report: Report) -> list[tuple[str, str]]:
    about = report.subject
    pairs = {
        "outcome": about.outcome,
        "commit": about.commit,
        "image": about.image,
        "candidate": about.candidate,
        "serving": report.standing.serving,
        "risk": report.standing.risk,
        "cause": report.cause.kind if report.cause else None,
    }
    return [(name, value) for name, value in pairs.items() if value]


def _case(suite: ET.Element, step: StepRow, report: Report) -> None:
    name = {"classname": f"release.{report.subject.service or 'service'}", "name": step.label}
    case = ET.SubElement(suite, "testcase", {**name, "time": f"{step.seconds or 0.0:.3f}"})
    if step.status in _SKIPPED:
        ET.SubElement(case, "skipped", {"message": step.reason or "the release ended before this step"})
    elif step.status in _ENDS:
        told = {"message": step.reason or words.MARKS[step.status], "type": step.status}
        ET.SubElement(case, _ENDS[step.status], told).text = "\n".join(_detail(step, report))


def _detail(step: StepRow, report: Report) -> list[str]:
    """What a person who sees only the failed test needs: cause, chain, findings of the step, commands."""
    lines = [found.message + (f"\n  fix: {found.fix}" if found.fix else "") for found in report.findings
             if found.step in (step.label, "diagnosis") and found.severity == "error"]  # fmt: skip
    if report.cause:
        lines = [report.cause.sentence, *words.tree(report.cause.chain), *lines]
    return [*dict.fromkeys(lines), *(f"do: {each.line}" for each in report.recommendations)]
