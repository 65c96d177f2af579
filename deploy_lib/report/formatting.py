"""How times, durations and what is not known are written, the same in every section and format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_lib.model.cause import Link
from deploy_lib.model.details import Whose
from deploy_lib.report.blocks import Lines, pieces, plain
from deploy_lib.steps.kind import format_duration

HOURS, DAYS = 2 * 3600.0, 2 * 86400.0
"""From how many seconds on a time is told in hours, and in days."""
WHOSE = {
    Whose.PAIRED: "paired requests",
    Whose.USERS: "requests of users",
    Whose.SINGLE: "requests of the probe",
    Whose.LOG: "the platform's request log",
}


def time_of_day(at: datetime | None) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}" if at else "?"


def day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "not known"


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def duration(value: float | None) -> str:
    return "not known" if value is None or value < 0 else format_duration(value)


def long_duration(value: float | None) -> str:
    """Also in hours and days, as a commit waits to be live."""
    if value is None or value < HOURS:
        return duration(value)
    return f"{value / 86400:.3g} days" if value >= DAYS else f"{value / 3600:.3g} h"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def known(value: str | None) -> str:
    return "not known" if value is None else value


def tree(links: Sequence[Link]) -> list[str]:
    """The chain of imports drawn with lines: each module below the one that imports it."""
    lines = []
    for depth, link in enumerate(links):
        branch = f"{'   ' * (depth - 1)}└─ " if depth else ""
        last = depth == len(links) - 1 and depth > 0
        place = f"{'asked for at ' if last else ''}{link.file}:{link.line}"
        code = f"  {link.code}" if link.code and not last else ""
        lines.append(f"{branch}{link.module or '?'}  ({place}){code}{'  <- fails here' if last else ''}")
    return lines


def log_lines(lines: Lines) -> Iterator[str]:
    """Lines of a log, those that tell marked where there are any."""
    marks = [any(piece.tone == "bad" for piece in pieces(item)) for item in lines.items]
    for item, telling in zip(lines.items, marks, strict=True):
        yield f"{'>' if telling else ' '} {plain(item)}" if any(marks) else plain(item)
