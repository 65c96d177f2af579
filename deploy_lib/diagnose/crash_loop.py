"""How often and how regularly a container ended: the platform's messages about starts and ends, counted.

Clocks of entries may disagree and times may be missing, so nothing here trusts the order of times: ends are
counted in log order, gaps are taken between sorted times.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.diagnose.log_rows import PhysicalLine
from deploy_lib.model.cause import Frequency
from deploy_lib.model.evidence import LogSource

_EXIT = re.compile(r"Container called exit\((-?\d+)\)")
_SIGNAL = re.compile(r"(?:terminated on signal|Uncaught signal:|killed by signal)\s*:?\s*(\d+)")
_START = re.compile(r"^Starting new instance|^Starting container|^Container started")
_MEMORY = re.compile(r"Memory limit of ([\d.]+ ?[KMG]i?B?) exceeded with ([\d.]+ ?[KMG]i?B?) used", re.IGNORECASE)
_SAME_START = 1.0  # seconds: the workers of one start die together


@dataclass(frozen=True, slots=True)
class ContainerEnd:
    """One end of a container. `code` is None when the platform did not say; signals count as 128 + n."""

    row: int
    at: datetime | None
    code: int | None
    lived: float | None = None
    text: str = ""


def ends(rows: Sequence[PhysicalLine]) -> tuple[ContainerEnd, ...]:
    """Every end of a container that the platform reported, in log order."""
    found: list[ContainerEnd] = []
    started: datetime | None = None
    for number, row in enumerate(rows):
        if row.source != LogSource.SYSTEM:
            continue
        if _START.search(row.text):
            started = row.at
            continue
        code = exit_code(row.text)
        if code is None and not _MEMORY.search(row.text) and "Application failed to start" not in row.text:
            continue
        if found and _one_event(found[-1], row, started) and code != found[-1].code:
            found[-1] = ContainerEnd(
                number, row.at, found[-1].code if code is None else code, found[-1].lived, row.text
            )
            continue
        lived = (row.at - started).total_seconds() if row.at and started else None
        found.append(ContainerEnd(number, row.at, code, lived if lived is None or lived >= 0 else None, row.text))
        started = None
    return tuple(found)


def exit_code(text: str) -> int | None:
    """The exit code in the platform's line, 128 + n for signal n; None in any other line."""
    match = _EXIT.search(text)
    if match:
        return int(match[1])
    match = _SIGNAL.search(text)
    return 128 + int(match[1]) if match else None


def memory(text: str) -> tuple[str, str] | None:
    """(limit, used) of the platform's line about memory, e.g. ("512 MiB", "520 MiB")."""
    match = _MEMORY.search(text)
    return (match[1], match[2]) if match else None


def frequency(times: Sequence[datetime | None], lives: Sequence[float | None] = ()) -> Frequency:
    """How often and how regularly it failed at `times`; `lives` are the seconds each attempt lasted, where known."""
    known = sorted(time for time in times if time is not None)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(known)]
    lasted = [life for life in lives if life is not None]
    return Frequency(
        count=max(len(times), 1),
        span=(known[-1] - known[0]).total_seconds() if known else 0.0,
        interval=statistics.median(gaps) if gaps else None,
        lived=statistics.median(lasted) if lasted else None,
    )


def clustered(times: Sequence[datetime | None]) -> list[datetime | None]:
    """One time per start, where several workers failed alike within a second. Unknown times stay as they are."""
    kept: list[datetime | None] = []
    for time in times:
        last = next((earlier for earlier in reversed(kept) if earlier is not None), None)
        if time is None or last is None or abs((time - last).total_seconds()) >= _SAME_START:
            kept.append(time)
    return kept


def _one_event(end: ContainerEnd, row: PhysicalLine, started: datetime | None) -> bool:
    """The line about memory, or about a failed start, and the exit that follows it tell of one end."""
    if started is not None or not ((end.code is None) or memory(row.text)):
        return False
    return end.at is None or row.at is None or abs((row.at - end.at).total_seconds()) < _SAME_START
