"""Counts real requests to revisions by their request log, apart from our own, which show that the log can be seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import Side
from deploy_lib.steps.responses import is_failure, is_redirect, is_turned_away

if TYPE_CHECKING:
    from google.cloud.logging_v2.types import LogEntry


USER_AGENT = "deploy-to-gcp"
"""Of our own requests, which are none of a user's."""


@dataclass(slots=True)
class _Counted:
    requests: int = 0
    errors: int = 0
    refused: int = 0
    redirected: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, status: int, seconds: float, *, timed: bool) -> None:
        self.requests += 1
        if is_failure(status):
            self.errors += 1
            return
        if is_turned_away(status):
            self.statuses[status] += 1
        self.refused += status >= 400
        self.redirected += is_redirect(status)
        if timed:
            self.latencies.append(seconds)

    def side(self) -> Side:
        return Side(
            self.requests,
            self.errors,
            tuple(self.latencies),
            self.refused,
            redirected=self.redirected,
            statuses=tuple(self.statuses.items()),
        )


@dataclass(slots=True)
class RequestTally:
    """Requests since `since`, and those before it apart. Entries of other logs are not counted.

    How long an answer took counts from `warm` on, as instances start when traffic comes.
    """

    since: datetime
    warm: datetime
    own: dict[str, int] = field(default_factory=dict)  # by revision
    _users: dict[str, _Counted] = field(default_factory=dict)
    _earlier: dict[str, _Counted] = field(default_factory=dict)

    def add(self, entry: LogEntry) -> None:
        """Counts one entry of the request log, as ours or as a user's. The caller passes each entry once."""
        at, request = plain_time(entry.timestamp), entry.http_request
        revision = entry.resource.labels.get("revision_name", "")
        earlier = at is not None and at < self.since
        if request.user_agent.startswith(USER_AGENT):
            self.own[revision] = self.own.get(revision, 0) + (not earlier)
            return
        counts = self._earlier if earlier else self._users
        timed = earlier or at is None or at >= self.warm
        taken = request.latency.ToTimedelta().total_seconds()
        counts.setdefault(revision, _Counted()).add(request.status, taken, timed=timed)

    def users(self, revision: str) -> Side:
        """The requests of users to that revision since the start; our own are left out."""
        return self._users.get(revision, _Counted()).side()

    def earlier(self, revision: str) -> Side:
        """The requests of users to that revision before the start."""
        return self._earlier.get(revision, _Counted()).side()
