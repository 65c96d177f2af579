"""Counts the ingress's real requests, minute by minute, and shows each minute as late as Cloud Monitoring would.

Cloud Run's request metrics are sampled every 60 seconds and then not visible for up to 180
(https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run). Both times are shortened by the time scale; the
delay is always the longest, so whoever waits too short a time finds out here.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .tally import Tally

SAMPLED_EVERY = 60.0  # seconds, before scaling
VISIBLE_AFTER = 180.0
_KEPT = 3_000  # minutes of one series


@dataclass(frozen=True, slots=True)
class RequestSource:
    """What a series is about."""

    project: str
    location: str
    service: str
    revision: str
    status: int


@dataclass(frozen=True, slots=True)
class Point:
    """From `start` to `end`, in seconds since the epoch."""

    start: float
    end: float
    tally: Tally


class RequestCounts:
    """Implements run.ports.Metrics. May be used from any thread."""

    def __init__(
        self, clock: Callable[[], float], time_scale: float, is_lost: Callable[[], bool] = lambda: False
    ) -> None:
        """`is_lost` tells whether the next request goes uncounted."""
        self._clock = clock
        self._is_lost = is_lost
        self.period = SAMPLED_EVERY * time_scale
        self._delay = VISIBLE_AFTER * time_scale
        self._lock = threading.Lock()
        self._minutes: dict[RequestSource, dict[int, Tally]] = {}

    def request(
        self, project: str, location: str, service: str, revision: str, status: int, seconds: float, at: float
    ) -> None:
        if self._is_lost():
            return
        source = RequestSource(project, location, service, revision, status)
        minute = int(at // self.period)
        with self._lock:
            minutes = self._minutes.setdefault(source, {})
            minutes.setdefault(minute, Tally()).add(seconds * 1000)
            if len(minutes) > _KEPT:
                del minutes[min(minutes)]

    def visible(self, project: str, after: float, until: float) -> dict[RequestSource, list[Point]]:
        """Points that ended in (after, until] and may be seen by now, the newest first. A minute without
        requests has no point."""
        until = min(until, self._clock() - self._delay)
        found: dict[RequestSource, list[Point]] = {}
        with self._lock:
            for source, minutes in self._minutes.items():
                points = [
                    Point(minute * self.period, (minute + 1) * self.period, copy.deepcopy(tally))
                    for minute, tally in sorted(minutes.items(), reverse=True)
                    if after < (minute + 1) * self.period <= until
                ]
                if source.project == project and points:
                    found[source] = points
        return found
