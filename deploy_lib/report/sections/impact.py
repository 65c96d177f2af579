"""What users met: who served them from when to when, how many requests are known, how many failed."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report.blocks import Bars, Block, Column, Figure, Lines, Piece, Shares, Table, columns
from deploy_lib.report.document import Section
from deploy_lib.report.facts.traffic import Period
from deploy_lib.report.facts.users import Impact, Measured
from deploy_lib.report.formatting import WHOSE, milliseconds, time_of_day

PERIODS = (*columns("From (UTC)", "To", kind="time"), Column("Seconds", "number"), Column("Serving"))
NUMBERS = columns("Requests", "Failed", kind="number")
REQUESTS = (*columns("Step", "Revision", "Asked by"), *NUMBERS, Column("Latency"))


def blocks(impact: Impact) -> Iterator[Block]:
    yield Lines(impact.users)
    if impact.periods:
        rows = tuple(
            (time_of_day(each.start), time_of_day(each.end), f"{each.seconds:.1f}", _serving(each))
            for each in impact.periods
        )
        chart = Shares(impact.periods, impact.revisions)
        yield Figure("Share of the traffic over time", chart, Table(rows, PERIODS))
    if impact.measured:
        yield Figure("Latency of the stable revision and of the candidate", Bars(impact.measured))
        yield Table(tuple(map(_requests, impact.measured)), REQUESTS)


def _serving(period: Period) -> str:
    if period.shares is None:
        return "not known"
    return ", ".join(f"{revision} {percent} %" for revision, percent in period.shares) or "nothing"


def _requests(row: Measured) -> tuple[str | Piece, ...]:
    return (
        row.step,
        f"{row.revision} ({row.role})",
        WHOSE[row.whose],
        str(row.requests),
        Piece(str(row.errors), "bad" if row.errors else "plain"),
        ", ".join(f"{name} {milliseconds(value)}" for name, value in row.quantiles),
    )


SECTION = Section("impact", "Impact", lambda facts: facts.impact, blocks)
