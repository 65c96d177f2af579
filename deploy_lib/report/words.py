"""How times, digests and places are written in a report, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from deploy_lib.model.cause import Link
from deploy_lib.model.details import Whose
from deploy_lib.report.model import Comparison, Difference, Measured, Period, Report
from deploy_lib.steps.kind import format_duration

MARKS = {
    "passed": "ok",
    "failed": "FAILED",
    "errored": "ERROR",
    "inconclusive": "UNCLEAR",
    "skipped": "skipped",
    "unanswered": "no answer",
    "not run": "not run",
}
TONES = {"passed": "good", "failed": "bad", "errored": "unsure", "inconclusive": "unsure", "unanswered": "unsure"}
WHOSE = {
    Whose.PAIRED: "paired requests",
    Whose.USERS: "requests of users",
    Whose.SINGLE: "requests of the probe",
    Whose.LOG: "the platform's request log",
}


def utc(at: datetime | None) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}" if at else "?"


def day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "not known"


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def duration(value: float | None) -> str:
    return "not known" if value is None or value < 0 else format_duration(value)


def milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def split(period: Period) -> str:
    if period.shares is None:
        return "not known"
    return ", ".join(f"{revision} {percent} %" for revision, percent in period.shares) or "nothing"


def known(value: str | None) -> str:
    return "not known" if value is None else value


def verdict(difference: Difference) -> str:
    return {True: "changed", False: "same", None: "not known"}[difference.changed]


def latency(row: Measured) -> str:
    return ", ".join(f"{name} {milliseconds(value)}" for name, value in row.quantiles)


def tree(chain: Sequence[Link]) -> list[str]:
    """The chain of imports drawn with lines: each module below the one that imports it."""
    lines = []
    for depth, link in enumerate(chain):
        branch = f"{'   ' * (depth - 1)}└─ " if depth else ""
        last = depth == len(chain) - 1 and depth > 0
        place = f"{'asked for at ' if last else ''}{link.file}:{link.line}"
        code = f"  {link.code}" if link.code and not last else ""
        lines.append(f"{branch}{link.module or '?'}  ({place}){code}{'  <- fails here' if last else ''}")
    return lines


def other(comparison: Comparison) -> str:
    """What this release is compared with."""
    return f"release {comparison.with_release}" if comparison.with_release else "what served before"


def no_cause(report: Report) -> str:
    """What stands where a cause would."""
    unsure = {"failed", "errored", "inconclusive"} & {step.status for step in report.steps}
    return "Not known." if unsure or not report.steps else "No step failed."


def shown_place(place: str, message: str) -> str:
    """The place of a finding, unless its message says it already."""
    return f"{place}: " if place and place not in message else ""
