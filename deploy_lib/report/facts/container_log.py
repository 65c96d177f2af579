"""The log of the candidate's container: its lines, masked, and when the container ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.diagnose import crash_loop
from deploy_lib.diagnose.log_rows import rows
from deploy_lib.model.evidence import LogLine
from deploy_lib.redact import Redactor


@dataclass(frozen=True, slots=True)
class LogRow:
    at: datetime | None
    source: str
    text: str
    telling: bool = False  # the cause quotes it


@dataclass(frozen=True, slots=True)
class ContainerLog:
    """`ends` are those that the platform reported."""

    rows: tuple[LogRow, ...] = ()
    ends: tuple[datetime, ...] = ()


def read(log: Sequence[LogLine], redactor: Redactor) -> ContainerLog:
    """Masked here, before anything is cut: a secret of several lines shows its beginning only in the first."""
    lines = rows(log)
    texts = redactor.lines(row.text for row in lines)
    ends = tuple(end.at for end in crash_loop.ends(lines) if end.at is not None)
    return ContainerLog(tuple(LogRow(row.at, row.source, text) for row, text in zip(lines, texts, strict=True)), ends)
