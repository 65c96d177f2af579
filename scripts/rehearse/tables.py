"""The rehearsal's tables. Pure: rows in, something printable out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from .request_stats import RequestStats, Row


@dataclass(frozen=True, slots=True)
class Result:
    """One story. `expected` is the step that must reject it, None for a release that must go live.

    `stats` is what users got meanwhile; None when there were no users yet. `harmless` says that not one request
    may fail.
    """

    name: str
    title: str
    expected: str | None
    rejected_by: str | None
    live: bool
    seconds: float
    stats: RequestStats | None = None
    harmless: bool = True

    def faults(self) -> list[str]:
        """What did not go as it must, in whole clauses; empty when all did."""
        found = []
        if self.rejected_by != self.expected:
            wanted = f"must be rejected by {self.expected}" if self.expected else "must go live"
            found.append(f"({self.name}) {wanted}, and was rejected by {self.rejected_by or 'nothing'}")
        elif self.live != (self.expected is None):
            found.append(f"({self.name}) {'is not live' if self.expected is None else 'went live'}")
        if self.stats is not None and not self.stats.requests:
            found.append(f"({self.name}) no request was sent, so nothing is known of its users")
        if self.stats is not None and self.harmless and self.stats.failures:
            worst = "; ".join(f"{count} times {what}" for what, count in self.stats.problems().most_common(3))
            found.append(f"({self.name}) {self.stats.failures} requests of users failed: {worst}")
        return found


def closing(results: Sequence[Result]) -> Table:
    table = Table(title="what happened", title_justify="left", title_style="bold")
    table.add_column("release", max_width=46)
    table.add_column("rejected by")
    table.add_column("after", justify="right")
    table.add_column("user requests", justify="right")
    table.add_column("failed", justify="right")
    for result in results:
        rejected = result.rejected_by or ("[green]live[/]" if result.live else "?")
        users = str(result.stats.requests) if result.stats else "no users yet"
        failed = str(result.stats.failures) if result.stats else ""
        failed = f"[red]{failed}[/]" if result.stats and result.stats.failures else failed
        table.add_row(f"({result.name}) {result.title}", rejected, f"{result.seconds:.1f} s", users, failed)
    return table


def users(rows: Sequence[Row]) -> Table:
    """What users got during each step of one release."""
    table = Table(title="what users got meanwhile", title_justify="left", title_style="")
    table.add_column("step")
    for heading in ("requests", "failed", "median", "slowest"):
        table.add_column(heading, justify="right")
    table.add_column("answered by")
    for row in rows:
        shares = ", ".join(f"{revision} {percent} %" for revision, percent in row.shares.items())
        failed = f"[red]{row.failures}[/]" if row.failures else "0"
        table.add_row(row.phase, str(row.requests), failed, _ms(row.median), _ms(row.slowest), shares)
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
