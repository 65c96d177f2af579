"""How a revision does while it is asked or has traffic: its conditions, its crashes, its answers to real requests.

A revision that came up stays Ready on Cloud Run when its container crashes later; only the log tells. Real requests
are read from the request log, which is seconds old and tells our own requests apart by their user agent; where it
cannot be read or holds too much, Cloud Monitoring's figures are taken, which are minutes old.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.drivers import metrics
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.conditions import conditions_of, why_failed
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.headers import USER_AGENT
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.logs import PAGE, Entries, RevisionLog
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import Side
from deploy_lib.model.release import Release

FRESH_FOR = 1.0  # seconds that what is known of the conditions is good for
LISTEN_EVERY, LISTEN_LOCALLY = 4.0, 1.0
"""Seconds between readings of a log: a project may read its logs 60 times a minute
(https://cloud.google.com/logging/quotas), a local cloud's as often as one likes."""
PAGES = 3
"""Pages of the request log per reading; a revision with more requests than that is counted by Cloud Monitoring."""
NOT_OURS = f'logName:"run.googleapis.com%2Frequests" AND NOT httpRequest.userAgent:"{USER_AGENT}"'
CRASHES = 2
"""Ends of its container that make a revision sick; one may be an instance that was scaled away."""


@dataclass(slots=True)
class _Known:
    at: float
    failed: str | None


class CloudWatch:
    """For one release; what it has read is kept, so asking often is cheap. Raises DriverError."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._calls = Calls(clients, clock)
        self._clock = clock
        self._pause = LISTEN_LOCALLY if clients.endpoints.local else LISTEN_EVERY
        self._known: dict[str, _Known] = {}
        self._crashes: dict[str, _Crashes] = {}
        self._requests: dict[tuple[str, datetime], _Requests] = {}

    def revision_failed(self, release: Release) -> str | None:
        """Why the candidate has failed; None when it lives, as far as is known."""
        name = release.candidate
        if not name:
            return None
        known, now = self._known.get(name), self._clock.monotonic()
        if known is None or now - known.at >= FRESH_FOR:
            known = _Known(now, self._condition(release, name) or self._crashed(release, name))
            self._known[name] = known
        return known.failed

    def real_requests(self, release: Release, revision: str, since: datetime) -> Side:
        """Requests that were not our own. Nothing seen yet is an empty Side, not proof of health."""
        seen = self._requests.get((revision, since))
        if seen is None:
            entries = Entries(self._calls, release.service, revision, since, NOT_OURS, most=PAGES * PAGE)
            seen = self._requests[revision, since] = _Requests(entries)
        try:
            seen.listen(self._clock, self._pause)
        except DriverError:
            seen.entries.cut = True
        if not seen.entries.cut:
            return seen.side()
        figures = metrics.requests_of(self._calls, release.service, revision, since, self._clock.now())
        return figures if figures is not None else seen.side()

    def _condition(self, release: Release, name: str) -> str | None:
        from google.cloud import run_v2

        request = run_v2.GetRevisionRequest(name=f"{release.service.path}/revisions/{name}")
        try:
            client = self._calls.clients.revisions
            found = self._calls.ask("get_revision", client.get_revision, request, f"read the revision {name}")
        except ApiError as error:
            if error.code == "NOT_FOUND":
                return "it was deleted"
            raise
        return why_failed(conditions_of(found.conditions))

    def _crashed(self, release: Release, name: str) -> str | None:
        """Not being able to read the log is no crash."""
        seen = self._crashes.get(name)
        if seen is None:
            extra = f'logName="projects/{release.service.project}/logs/run.googleapis.com%2Fvarlog%2Fsystem"'
            now = self._clock.now()
            entries = Entries(self._calls, release.service, name, now, extra)
            seen = self._crashes[name] = _Crashes(RevisionLog(entries), now)
        try:
            return seen.listen(self._clock, self._pause)
        except DriverError:
            return None


@dataclass(slots=True)
class _Crashes:
    """Since this watch began to look: what happened before the candidate was ready does not count."""

    log: RevisionLog
    since: datetime
    next_reading: float = 0.0

    def listen(self, clock: Clock, pause: float) -> str | None:
        from deploy_lib.diagnose.lines import rows  # not at the top: most commands watch nothing
        from deploy_lib.diagnose.rhythm import ends

        now = clock.monotonic()
        if now >= self.next_reading:
            self.next_reading = now + pause
            self.log.read()
        lines = [line for line in self.log.lines if line.at is None or line.at >= self.since]
        bad = [end for end in ends(rows(lines)) if end.code != 0]
        if len(bad) < CRASHES:
            return None
        return f"its container ended {len(bad)} times ({bad[-1].text[:200]})"


@dataclass(slots=True)
class _Requests:
    """Entries of the request log, counted."""

    entries: Entries
    requests: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)
    next_reading: float = 0.0

    def listen(self, clock: Clock, pause: float) -> None:
        now = clock.monotonic()
        if now < self.next_reading:
            return
        self.next_reading = now + pause
        for entry in self.entries.read():
            at, request = plain_time(entry.timestamp), entry.http_request
            if at is not None and at < self.entries.since:
                continue
            self.requests += 1
            if request.status >= 500:
                self.errors += 1
            else:
                self.latencies.append(request.latency.ToTimedelta().total_seconds())

    def side(self) -> Side:
        return Side(self.requests, self.errors, tuple(self.latencies))
