"""Every traffic map that a service really served, in order: what a rehearsal holds a release against.

It is taken from what the ingress was told, not from what was asked for, so a map that was refused or that came
too late does not stand in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from google.cloud.run_v2.types import Service


@dataclass(frozen=True, slots=True)
class ServedTraffic:
    """From `at` (seconds since the epoch) on. `shares` maps revisions to percents, `tags` tags to revisions."""

    at: float
    service: str  # projects/P/locations/L/services/S
    url: str
    shares: dict[str, int]
    tags: dict[str, str]


class TrafficHistory:
    """May be used from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._served: list[ServedTraffic] = []

    def note(self, service: Service) -> None:
        """Remembers the service's map when it is another than before."""
        shares: dict[str, int] = {}
        tags = {}
        for target in service.traffic_statuses:
            if target.percent:
                shares[target.revision] = shares.get(target.revision, 0) + target.percent
            if target.tag:
                tags[target.tag] = target.revision
        with self._lock:
            last = next((each for each in reversed(self._served) if each.service == service.name), None)
            if last is None or (last.shares, last.tags) != (shares, tags):
                self._served.append(ServedTraffic(self._clock(), service.name, service.uri, shares, tags))

    def of(self, name: str) -> list[ServedTraffic]:
        """Oldest first; `name` is the service's own, whatever its project."""
        with self._lock:
            return [each for each in self._served if each.service.endswith(f"/services/{name}")]
