"""How a revision does: its conditions and its crashes at once, and while it has traffic the answers to its users."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.conditions import conditions_of, why_failed
from deploy_lib.drivers.crashes import Crashes
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import Entries, line_of
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.traffic_watcher import SYSTEM, RevisionHealth, TrafficWatcher
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Readers

FRESH_FOR = 1.0  # seconds that what is known of the conditions is good for
MEASURE_EVERY, MEASURE_LOCALLY = 15.0, 1.0  # seconds between readings of Cloud Monitoring


@dataclass(slots=True)
class _Known:
    at: float
    state: RevisionHealth


class CandidateMonitor:
    """For one release; what it has read is kept, so asking often is cheap. Raises DriverError."""

    def __init__(self, clients: Clients, clock: Clock, logs: ProjectLog) -> None:
        self._calls = Calls(clients, clock)
        self._clock = clock
        self._logs = logs
        self._local = clients.endpoints.local
        self._known: dict[str, _Known] = {}
        self._crashes: dict[str, _Listening] = {}

    def state(self, release: Release) -> RevisionHealth:
        """How the candidate does, as far as is known."""
        name = release.candidate
        if not name:
            return RevisionHealth()
        known, now = self._known.get(name), self._clock.monotonic()
        if known is None or now - known.at >= FRESH_FOR:
            found = self._condition(release, name)
            known = _Known(now, found if found.failed else replace(found, ends=self._ends(release, name)))
            self._known[name] = known
        return known.state

    def watching(
        self,
        release: Release,
        since: datetime,
        readers: Readers,
        *,
        users: bool = True,
        earlier: datetime | None = None,
        warm: datetime | None = None,
    ) -> TrafficWatcher:
        """The candidate from `since` on, in a separate thread."""
        name = release.candidate or ""
        return TrafficWatcher(
            self._calls,
            self._logs,
            self._clock,
            release,
            lambda: self._condition(release, name),
            since,
            readers,
            users,
            earlier or since,
            warm or since,
            MEASURE_LOCALLY if self._local else MEASURE_EVERY,
        )

    def _condition(self, release: Release, name: str) -> RevisionHealth:
        from google.cloud import run_v2

        request = run_v2.GetRevisionRequest(name=f"{release.service.path}/revisions/{name}")
        try:
            client = self._calls.clients.revisions
            found = self._calls.ask("get_revision", client.get_revision, request, f"read the revision {name}")
        except ApiError as error:
            if error.code is StatusCode.NOT_FOUND:
                return RevisionHealth("it was deleted")
            raise
        return RevisionHealth(why_failed(conditions_of(found.conditions)), sticky=found.session_affinity)

    def _ends(self, release: Release, name: str) -> tuple[str, ...]:
        """As far as the log was read since the first look. One that cannot be read does not count as a crash."""
        seen = self._crashes.get(name)
        if seen is None:
            now = self._clock.now()
            entries = Entries(self._calls, release.service, (name,), now, (SYSTEM,))
            seen = self._crashes[name] = _Listening(self._logs.follow(entries), Crashes(now))
        follower = seen.follower
        if follower.is_behind:
            with suppress(DriverError):
                self._logs.read(lambda: follower.add(follower.entries.read()))
        seen.crashes.lines += [line_of(entry) for entry in seen.follower.take()]
        return seen.crashes.ends()


@dataclass(frozen=True, slots=True)
class _Listening:
    follower: LogFollower
    crashes: Crashes
