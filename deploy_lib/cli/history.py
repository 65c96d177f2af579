"""history: the releases kept on this machine, newest first, with outcome, cause and duration."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from datetime import datetime

from deploy_lib.cli.release_store import StoredRelease, refuse_unknown, stored_releases
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.journal import read
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.printable import Printable
from deploy_lib.report.blocks import Table, columns
from deploy_lib.report.facts import root_cause, subject
from deploy_lib.report.formats.text import shown
from deploy_lib.steps.kind import format_duration

LIMIT = 20  # releases shown, unless --limit says otherwise
HEADINGS = ("when (UTC)", "release", "project", "service", "commit", "outcome", "took", "cause")
UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One release. `outcome` is unfinished when the journal has no ending, unreadable when it has no beginning."""

    started: datetime | None
    release: str
    project: str
    service: str
    commit: str
    outcome: str
    seconds: float | None
    cause: str | None
    sentence: str | None
    emergency: str = ""

    def cells(self) -> tuple[str, ...]:
        when = f"{self.started:%Y-%m-%d %H:%M}" if self.started else "?"
        took = format_duration(self.seconds) if self.seconds is not None and self.seconds >= 0 else ""
        known = (
            f"emergency: {self.emergency}" if self.emergency else "",
            f"{self.cause}: {self.sentence}" if self.cause else "",
            "the journal here has no ending; status tells what became of it" if self.outcome == UNFINISHED else "",
        )
        cause = "; ".join(filter(None, known))
        return when, self.release, self.project, self.service, self.commit[:7], self.outcome, took, cause


def main(args: argparse.Namespace) -> int:
    if args.limit is not None and args.limit < 1:
        raise NotPossible("--limit: at least 1")
    if args.stats and args.limit is not None:
        raise NotPossible("--limit is about the list, and --stats counts all releases of its weeks; give --weeks N")
    if args.stats:
        from deploy_lib.cli.history_stats import show

        return show(args)
    if args.weeks is not None or args.html:
        raise NotPossible("--weeks and --html are about --stats; give that, too")
    releases = stored_releases(args)
    refuse_unknown(args, releases)
    rows = [row_of(release) for release in releases[: args.limit or LIMIT]]
    if args.output == "json":
        for row in rows:
            started = row.started.isoformat() if row.started else None
            say_json({**asdict(row), "started": started})
        return 0
    if not rows:
        say_error("no release is kept here yet; --state names another directory")
        return 0
    say(*shown(Table(tuple(row.cells() for row in rows), columns(*HEADINGS))))
    return 0


def row_of(release: StoredRelease) -> HistoryRow:
    """Read from the journal, masked."""
    entries = read(release.directory).entries
    about = subject.read(entries, release.id)
    cause = root_cause.found(entries) if not about.is_good else None
    mask = Printable()
    return HistoryRow(
        started=about.started,
        release=release.id,
        project=release.project,
        service=about.service or release.service,
        commit=about.commit,
        outcome=about.outcome or (UNFINISHED if entries else "unreadable"),
        seconds=about.seconds,
        cause=cause.kind if cause else None,
        emergency=mask.text(about.emergency),
        sentence=" ".join(mask.text(cause.sentence).split()) if cause else None,
    )
