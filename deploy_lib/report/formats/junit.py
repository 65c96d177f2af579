"""JUnit XML, so that a CI system shows a release as a suite and each step of it as a test.

The shape is the one Jenkins and GitLab read (testsuites, testsuite, testcase; failure, error, skipped). A step that
could not find out, or has not enough evidence, is an error there; one that never ran is skipped.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from deploy_lib.report.blocks import Chain, Figure, Lines, Spans, Table, plain
from deploy_lib.report.document import Report
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.formats.text import command
from deploy_lib.report.formatting import tree


def write(report: Report) -> str:
    about = report.subject
    cases = list(_cases(report))
    elements = [step.words.junit for step in cases]
    counts = {
        "tests": str(len(cases)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
    }
    time = f"{sum(step.seconds or 0.0 for step in cases):.3f}"
    top = ET.Element("testsuites", {"name": "release", "time": time, **counts})
    suite = ET.SubElement(top, "testsuite", top.attrib | {"name": f"{about.service or 'release'} {about.id}".strip()})
    if about.started:
        suite.set("timestamp", f"{about.started:%Y-%m-%dT%H:%M:%S}")
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for step in cases:
        _case(suite, step, report)
    summary = [
        plain(item)
        for lines in report.blocks(Lines)
        if lines.short and lines.kind == "sentences"
        for item in lines.items
    ]
    ET.SubElement(suite, "system-out").text = "\n".join(summary)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _cases(report: Report) -> Iterator[StepRow]:
    """The steps; and a case for a release that did not come to what was asked for and has no failed step to show it."""
    steps = [step for figure in report.blocks(Figure) if isinstance(figure.chart, Spans) for step in figure.chart.steps]
    yield from steps
    outcome = report.subject.outcome
    shown = report.subject.is_good or any(step.words.junit in ("failure", "error") for step in steps)
    if not steps or not shown:
        failed = outcome is not None and outcome.words.junit == "failure"
        yield StepRow("release", "release", "failed" if failed else "errored", report.headline)


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    about = report.subject
    known = {"outcome": about.outcome, "commit": about.commit, "image": about.image, "candidate": about.candidate}
    yield from ((name, value) for name, value in known.items() if value)
    for table in report.blocks(Table):
        if table.short and not table.columns:
            yield from ((plain(name), plain(value)) for name, value in table.rows)
    yield from (("cause", chain.code) for chain in report.blocks(Chain))


def _case(suite: ET.Element, step: StepRow, report: Report) -> None:
    name = {"classname": f"release.{report.subject.service or 'service'}", "name": step.label}
    case = ET.SubElement(suite, "testcase", {**name, "time": f"{step.seconds or 0.0:.3f}"})
    words = step.words
    if words.junit == "skipped":
        ET.SubElement(case, "skipped", {"message": step.reason or "the release ended before this step"})
    elif words.junit:
        why = {"message": step.reason or words.mark, "type": step.status}
        ET.SubElement(case, words.junit, why).text = "\n".join(_explanation(step, report))


def _explanation(step: StepRow, report: Report) -> Iterator[str]:
    """What a person who sees only the failed test needs: cause, chain, findings of the step, commands."""
    causes = [line for chain in report.blocks(Chain) for line in (chain.conclusion, *tree(chain.links))]
    yield from dict.fromkeys((*causes, *step.problems))
    for lines in report.blocks(Lines):
        if lines.kind == "commands":
            yield from (f"do: {command(item)}" for item in lines.items)
