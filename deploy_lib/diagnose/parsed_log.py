"""A log, read once: its clean rows, the ends of the container in it, and the tracebacks between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.diagnose import crash_loop
from deploy_lib.diagnose.client_gone import is_client_gone
from deploy_lib.diagnose.log_rows import PhysicalLine, rows
from deploy_lib.diagnose.tracebacks import Traceback, parse
from deploy_lib.model.cause import Frequency
from deploy_lib.model.evidence import LogLine


@dataclass(frozen=True, slots=True)
class ParsedLog:
    """`tracebacks` are those between the ends of the container, but for those about clients that went away."""

    rows: list[PhysicalLine]
    ends: tuple[crash_loop.ContainerEnd, ...]
    tracebacks: tuple[Traceback, ...]
    entrypoint: str | None = None

    @property
    def exits(self) -> tuple[int, ...]:
        """The exit codes of the ends whose code is known, in log order."""
        return tuple(end.code for end in self.ends if end.code is not None)


def parse_log(log: Sequence[LogLine], entrypoint: str | None = None) -> ParsedLog:
    """The log with its ends and tracebacks; `entrypoint` tells the service's modules from packages. Never raises."""
    lines = rows(log)
    ended = crash_loop.ends(lines)
    found = parse(lines, frozenset(end.row for end in ended))
    return ParsedLog(lines, ended, tuple(each for each in found if not is_client_gone(each)), entrypoint)


def ends_frequency(log: ParsedLog) -> Frequency | None:
    """How often the container ended; None when it did not."""
    if not log.ends:
        return None
    return crash_loop.frequency([end.at for end in log.ends], [end.lived for end in log.ends])


def stamp(at: datetime | None) -> str:
    """The time of day before a line of evidence; empty when it is not known."""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}Z " if at else ""
