"""Who served what share from when to when, as far as the journal knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from deploy_lib.model.journal import Asked, Entry, Judged, LeaseHeld, RestoreAnswered, RestoreAsked
from deploy_lib.model.journal_queries import is_answered
from deploy_lib.report.facts.subject import Subject

Split = tuple[tuple[str, int], ...]
"""(revision, percent) of those that serve at all, the largest first."""


@dataclass(frozen=True, slots=True)
class Period:
    """Who served what share from `start` to `end`. `shares` is None where that is not known.

    `after` is seconds from the start of the release to that of the period.
    """

    start: datetime
    end: datetime
    shares: Split | None
    after: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def read(entries: Sequence[Entry], subject: Subject, until: datetime) -> tuple[Period, ...]:
    """Periods without gaps, from the first time the service was read to `until`; the last may have no length.

    Times never run backwards, whatever the journal's clocks say.
    """
    points = list(_points(entries))
    periods: list[Period] = []
    for (at, shares), (following, _) in pairwise([*points, (until, None)]):
        start = max(at, periods[-1].end) if periods else at
        end = max(start, following)
        if periods and periods[-1].shares == shares:
            periods[-1] = replace(periods[-1], end=end)
        elif end > start or (at, shares) == points[-1]:
            periods.append(Period(start, end, shares, subject.since_start(start) or 0.0))
    return tuple(periods)


def _points(entries: Sequence[Entry]) -> Iterator[tuple[datetime, Split | None]]:
    """Since when who served; a step says when the traffic moved, which was before the candidate was watched."""
    for index, entry in enumerate(entries):
        match entry:
            case LeaseHeld() if entry.release.before is not None:
                yield entry.at, _split(entry.release.before.shares())
            case Judged() if entry.details and (seen := entry.details.traffic_seen()):
                yield seen.at if seen.at and seen.at.tzinfo else entry.at, _split(seen.shares)
            case RestoreAnswered():
                yield entry.at, _split(entry.now.shares()) if entry.now is not None else None
            case RestoreAsked() | Asked(moves_traffic=True) if not is_answered(entry, entries[index + 1 :]):
                yield entry.at, None


def _split(shares: Mapping[str, int]) -> Split:
    serving = ((name, percent) for name, percent in shares.items() if percent)
    return tuple(sorted(serving, key=lambda each: (-each[1], each[0])))
