"""Times at which nothing is released: windows that come every week or once, and whether a moment is in one. Pure.

A window's times are those of the clock on the wall in its zone. Where daylight saving makes a time happen twice, a
window begins at the first and ends at the second; where it leaves a time out, the window is the longer one as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = timedelta(days=7)
_MOST_ENDS = 200
"""Windows in a row, each beginning before the last one ends; more are taken for no end."""


@dataclass(frozen=True, slots=True)
class WeekTime:
    """A day, 0 for Monday, and a time of it."""

    day: int
    at: time


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """Of `begin` and `end` both are a WeekTime, for every week, or both a datetime without a zone.

    `place` is file:line:column of it in the YAML.
    """

    begin: WeekTime | datetime
    end: WeekTime | datetime
    zone: str
    reason: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The window a moment is in, from `since` to `until`, in its zone. None: another one always goes on."""

    window: FreezeWindow
    since: datetime
    until: datetime | None

    def __str__(self) -> str:
        zone = self.window.zone
        utc = "" if self.until is None or zone == "UTC" else f", {self.until.astimezone(UTC):%H:%M} UTC"
        until = f"until {self.until:%a %Y-%m-%d %H:%M} ({zone}{utc})" if self.until else "without an end"
        return f"frozen {until}: {self.window.reason}"


def frozen_at(windows: Sequence[FreezeWindow], now: datetime) -> Frozen | None:
    """The freeze that is in force at `now`, an aware time; None where there is none."""
    found = _window_at(windows, now)
    if found is None:
        return None
    window, since, end = found
    until: datetime | None = end
    for _ in range(_MOST_ENDS):
        following = _window_at(windows, end)
        if following is None:
            break
        end = following[2]
        until = end
    else:
        until = None
    zone = ZoneInfo(window.zone)
    return Frozen(window, since.astimezone(zone), until.astimezone(zone) if until else None)


def never_ends(windows: Sequence[FreezeWindow], now: datetime) -> bool:
    """Whether those that come every week leave no time between them, as of that moment."""
    weekly = [each for each in windows if isinstance(each.begin, WeekTime)]
    frozen = frozen_at(weekly, now)
    return frozen is not None and frozen.until is None


def _window_at(windows: Sequence[FreezeWindow], now: datetime) -> tuple[FreezeWindow, datetime, datetime] | None:
    """Of those that hold `now`, the one that ends last, with its begin and end in UTC."""
    found = [
        (window, begin, end) for window in windows for begin, end in _occurrences(window, now) if begin <= now < end
    ]
    return max(found, key=lambda each: each[2], default=None)


def _occurrences(window: FreezeWindow, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(window.zone)
    if isinstance(window.begin, datetime):
        assert isinstance(window.end, datetime)
        yield _earliest(window.begin, zone), _latest(window.end, zone)
        return
    assert isinstance(window.end, WeekTime)
    today = now.astimezone(zone).replace(tzinfo=None)
    monday = datetime.combine(today.date() - timedelta(days=today.weekday()), time())
    begin, end = _in_week(monday, window.begin), _in_week(monday, window.end)
    if end <= begin:
        end += _WEEK
    for weeks in (-1, 0, 1):
        yield _earliest(begin + weeks * _WEEK, zone), _latest(end + weeks * _WEEK, zone)


def _in_week(monday: datetime, at: WeekTime) -> datetime:
    return datetime.combine(monday.date() + timedelta(days=at.day), at.at)


def _earliest(wall: datetime, zone: ZoneInfo) -> datetime:
    return min(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _latest(wall: datetime, zone: ZoneInfo) -> datetime:
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
