"""This release beside the last successful one: image, commit, files, packages, settings; and what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report.blocks import Block, Lines, Table, columns, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts, comparison
from deploy_lib.report.facts.comparison import Comparison
from deploy_lib.report.formatting import known

_CHANGED = {True: "changed", False: "same", None: "not known"}


def read(facts: ReleaseFacts) -> Comparison:
    return comparison.read(facts.entries, facts.previous, facts.subject)


def blocks(found: Comparison) -> Iterator[Block]:
    other = f"release {found.with_release}" if found.with_release else "what served before"
    if found.facts:
        rows = tuple(
            (row.what, _CHANGED[row.changed], literal(known(row.before)), literal(known(row.now)))
            for row in found.facts
        )
        yield Table(rows, columns("", "", other, "this release"))
    for title, lines in (
        ("Files", found.files),
        ("Packages", found.packages),
        ("Settings", found.settings),
        ("Not known", found.unknown),
    ):
        if lines:
            yield Lines(lines, title)


SECTION = Section("comparison", "Compared with the last successful release", read, blocks, empty="Nothing differs.")
