"""Who served what share from when to when, as far as the journal knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.journal import Asked, Entry, Judged, LeaseHeld, RestoreAnswered, RestoreAsked
from deploy_lib.model.release import Release
from deploy_lib.report.model import Period

Shares = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime
    shares: Shares | None


def read(entries: Sequence[Entry], until: datetime) -> tuple[Period, ...]:
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
    return tuple(periods)


def _points(entries: Sequence[Entry]) -> Iterator[_Point]:
    for index, entry in enumerate(entries):
        match entry:
            case LeaseHeld() if entry.release.before is not None:
                yield _Point(entry.at, shares(entry.release.before.shares()))
            case Judged() if isinstance(entry.facts.get("traffic"), Mapping):
                yield _Point(_moved_at(entry), shares(entry.facts["traffic"]))
            case Judged() if entry.kind == "canary" and entry.facts.get("url") and _serves_at_once(entry.release):
                yield _Point(entry.at, ((entry.release.candidate or "", 100),))
            case RestoreAnswered():
                yield _Point(entry.at, shares(entry.now.shares()) if entry.now is not None else None)
            case Asked() | RestoreAsked() if _unanswered(entry, entries[index + 1 :]):
                yield _Point(entry.at, None)


def shares(given: object) -> Shares:
    """(revision, percent), the largest first; what is no share is left out."""
    if not isinstance(given, Mapping):
        return ()
    found = [(str(revision), percent) for revision, percent in given.items() if isinstance(percent, int) and percent]
    return tuple(sorted(found, key=lambda share: (-share[1], share[0])))


def _serves_at_once(release: Release) -> bool:
    """A service's first revision has all traffic as soon as it is ready."""
    return release.first and release.candidate is not None


def _moved_at(judged: Judged) -> datetime:
    """When the traffic moved, which was before the candidate was watched."""
    at = judged.facts.get("at")
    if isinstance(at, str):
        try:
            moved = datetime.fromisoformat(at)
        except ValueError:
            return judged.at
        return moved if moved.tzinfo else judged.at
    return judged.at


def _unanswered(asked: Asked | RestoreAsked, after: Sequence[Entry]) -> bool:
    """A move whose answer never came: who served then is not known."""
    if isinstance(asked, RestoreAsked):
        return not any(isinstance(entry, RestoreAnswered) for entry in after)
    if not asked.moves_traffic:
        return False
    return not any(isinstance(entry, Judged) and entry.step == asked.step for entry in after)
