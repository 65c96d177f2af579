"""A few lines of Markdown for a CI job's summary page: outcome, cause, chain, what to type."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report import words
from deploy_lib.report.formats.markdown import advice, fenced, plain, table
from deploy_lib.report.model import Report

COMMANDS = 5


def write(report: Report) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {plain(report.headline)}"
    yield ""
    yield from (f"- {plain(sentence)}" for sentence in report.summary[1:])
    yield f"- serving: {plain(report.standing.serving)}"
    yield ""
    rows = ((plain(s.label), words.MARKS[s.status], words.seconds(s.seconds), plain(s.reason)) for s in report.steps)
    yield from table(("Step", "Verdict", "Took", "Reason"), rows)
    if report.cause and report.cause.chain:
        yield from ("", *fenced(words.tree(report.cause.chain)))
    if report.recommendations:
        yield ""
        for number, each in enumerate(report.recommendations[:COMMANDS], 1):
            yield f"{number}. {advice(each)}"
    yield ""
