"""Who served what share from when to when, as far as the journal knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.model.details import SeenTraffic
from deploy_lib.model.journal import Asked, Entry, Judged, LeaseHeld, RestoreAnswered, RestoreAsked
from deploy_lib.model.journal_queries import is_answered
from deploy_lib.report.facts.subject import Subject

Shares = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """Who served what share from `start` to `end`. `shares` is None where that is not known.

    `after` is seconds from the start of the release to that of the period.
    """

    start: datetime
    end: datetime
    shares: Shares | None
    after: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime
    shares: Shares | None


def read(entries: Sequence[Entry], subject: Subject, until: datetime) -> tuple[Period, ...]:
    """Periods without gaps, from the first time the service was read to `until`; the last may have no length.

    Times never run backwards, whatever the journal's clocks say.
    """
    points = list(_points(entries))
    periods: list[Period] = []
    for index, point in enumerate(points):
        start = max(point.at, periods[-1].end) if periods else point.at
        end = max(start, points[index + 1].at if index + 1 < len(points) else until)
        if periods and periods[-1].shares == point.shares:
            periods[-1] = Period(periods[-1].start, end, point.shares)
        elif end > start or index + 1 == len(points):
            periods.append(Period(start, end, point.shares))
    return tuple(replace(period, after=subject.since_start(period.start) or 0.0) for period in periods)


def _points(entries: Sequence[Entry]) -> Iterator[_Point]:
    for index, entry in enumerate(entries):
        match entry:
            case LeaseHeld() if entry.release.before is not None:
                yield _Point(entry.at, shares(entry.release.before.shares()))
            case Judged() if entry.details and (seen := entry.details.traffic_seen()):
                yield _Point(_since(entry, seen), shares(seen.shares))
            case RestoreAnswered():
                yield _Point(entry.at, shares(entry.now.shares()) if entry.now is not None else None)
            case RestoreAsked() | Asked(moves_traffic=True) if not is_answered(entry, entries[index + 1 :]):
                yield _Point(entry.at, None)


def shares(given: Mapping[str, int]) -> Shares:
    """(revision, percent) of those that serve at all, the largest first."""
    return tuple(
        sorted(((name, share) for name, share in given.items() if share), key=lambda each: (-each[1], each[0]))
    )


def _since(judged: Judged, seen: SeenTraffic) -> datetime:
    """When the traffic moved, which was before the candidate was watched."""
    return seen.at if seen.at and seen.at.tzinfo else judged.at
