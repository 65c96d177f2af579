"""The steps of the plan: how each ended, how long it took, and why."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report.blocks import Block, Column, Figure, Lines, Piece, Spans, Table
from deploy_lib.report.document import Section
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.formatting import seconds

COLUMNS = (Column("Step"), Column("Verdict"), Column("Took", "number"), Column("Reason"))


def blocks(steps: tuple[StepRow, ...]) -> Iterator[Block]:
    if steps:
        rows = (
            (each.label, Piece(each.words.mark, each.words.tone), seconds(each.seconds), each.reason) for each in steps
        )
        yield Figure("The steps, from the start of the release on", Spans(steps), Table(tuple(rows), COLUMNS))
    details = tuple(f"{step.label}: {line}" for step in steps for line in step.details)
    if details:
        yield Lines(details, "Also found")


SECTION = Section("steps", "Steps", lambda facts: facts.steps, blocks, empty="No step is known.")
