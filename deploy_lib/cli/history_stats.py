"""history --stats: how releases went over the last weeks, as text, JSON or one HTML page with drawings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from deploy_lib.cli.paths import given_path
from deploy_lib.cli.release_store import StoredRelease, refuse_unknown, stored_releases
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.journal import read
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.report.facts.four_keys import EndedRelease, ended_release, four_keys
from deploy_lib.report.formats import render
from deploy_lib.report.statistics import as_data, page_of

WEEKS, MOST_WEEKS = 12, 520


def show(args: argparse.Namespace) -> int:
    """0, also where no release is kept. Raises NotPossible."""
    weeks = WEEKS if args.weeks is None else args.weeks
    if not 1 <= weeks <= MOST_WEEKS:
        raise NotPossible(f"--weeks {weeks}: a number from 1 to {MOST_WEEKS}")
    releases, now = stored_releases(args), datetime.now(UTC)
    refuse_unknown(args, releases)
    keys = four_keys(_ended(releases, now - timedelta(weeks=weeks)))
    page = page_of(keys, _whose(releases), now)
    if args.html:
        path = given_path(args.html)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, render(page, "html"))
        except OSError as problem:
            raise NotPossible(f"--html {args.html} cannot be written: {problem.strerror}") from None
    if args.output == "json":
        say_json({"since": (now - timedelta(weeks=weeks)).isoformat(), **as_data(keys)})
        return 0
    if not keys.weeks:
        say_error("no release that has ended is kept here; --state names another directory, --weeks reaches further")
        return 0
    say(render(page, "text").rstrip("\n"), *([f"written: {args.html}"] if args.html else []))
    return 0


def _ended(releases: list[StoredRelease], since: datetime) -> Iterator[EndedRelease]:
    for each in releases:
        found = ended_release(read(each.directory).entries, each.id)
        if found is not None and found.at >= since:
            yield found


def _whose(releases: list[StoredRelease]) -> str:
    """The services, where they are few enough to name."""
    names = sorted({f"{each.service} ({each.project})" for each in releases})
    return ", ".join(names) if 0 < len(names) <= 3 else f"{len(names)} services" if names else "nothing"
