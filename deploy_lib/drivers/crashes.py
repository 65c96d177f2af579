"""Ends of a revision's container, as its system log tells them.

A revision that came up stays Ready on Cloud Run when its container crashes later; only the log tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.model.evidence import LogLine

LONGEST = 200  # characters of one


@dataclass(slots=True)
class Crashes:
    """`lines` of the system log; what happened before `since`, when the candidate was not yet ready, does not count."""

    since: datetime
    lines: list[LogLine] = field(default_factory=list)

    def ends(self) -> tuple[str, ...]:
        """The words of the log on each that was not orderly, oldest first."""
        from deploy_lib.diagnose.crash_loop import ends
        from deploy_lib.diagnose.log_rows import rows  # not at the top: most commands watch nothing

        lines = [line for line in self.lines if line.at is None or line.at >= self.since]
        return tuple(end.text[:LONGEST] for end in ends(rows(lines)) if end.code != 0) if lines else ()
