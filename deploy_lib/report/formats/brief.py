"""A few lines of Markdown for a CI job's summary page: outcome, steps, chain, what to type, what serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deploy_lib.report.blocks import Block, Chain, Figure, Lines, Spans, Table
from deploy_lib.report.document import Report
from deploy_lib.report.formats import md
from deploy_lib.report.formatting import tree

COMMANDS = 5


def write(report: Report) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {md.escaped(report.headline)}"
    for section in report.sections:
        for block in section.blocks:
            yield from _shown(block)


def _shown(block: Block) -> Iterator[str]:
    match block:
        case Figure(chart=Spans()):
            yield from md.shown(block)
        case Chain() if block.links:
            yield from ("", *md.fenced(tree(block.links)))
        case Lines(kind="commands"):
            yield from md.shown(replace(block, items=block.items[:COMMANDS]))
        case Lines(short=True) | Table(short=True):
            yield from md.shown(block)
