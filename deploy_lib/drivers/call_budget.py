"""How often a project is asked for what Google counts by the minute, by all services of a run together.

Entries may be listed 60 times a minute (https://cloud.google.com/logging/quotas), builds read 60 times in recent
projects. Other runs and people ask, too, so a run takes half of that: two at once, or one right after another, fit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

_MINUTE = 60.0  # seconds
REFUSED_FOR = 60.0
"""Seconds without a call after a quota was used up: it is by the minute, and asking again uses it up further."""


@dataclass(slots=True)
class CallBudget:
    """At most `per_minute` calls in any minute, `burst` of them at once. Times by one monotonic clock, in seconds.

    `closed_until`: while a refusal has not passed yet there is no room.

    Safe to share between threads.
    """

    per_minute: int
    burst: int
    _left: float = field(init=False)
    _at: float | None = None
    closed_until: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = float(self.burst)

    def may_call(self, now: float) -> bool:
        """Whether there is room for one more call."""
        with self._lock:
            self._refill(now)
            return self._left >= 1 and now >= self.closed_until

    def spend(self, now: float) -> None:
        """A call is made. One for which there was no room is made up for later."""
        with self._lock:
            self._refill(now)
            self._left -= 1

    def refused(self, now: float, retry_after: float | None) -> float:
        """The quota was used up: there is no room for the seconds returned, Google's where it names fewer."""
        pause = REFUSED_FOR if retry_after is None else min(retry_after, REFUSED_FOR)
        self.closed_until = now + pause
        return pause

    def _refill(self, now: float) -> None:
        if self._at is not None:
            gained = max(0.0, now - self._at) * (self.per_minute - self.burst) / _MINUTE
            self._left = min(float(self.burst), self._left + gained)
        self._at = now


class Budgets:
    """Those of one project, by the client's method."""

    def __init__(self) -> None:
        self.logs = CallBudget(per_minute=30, burst=12)
        self.builds = CallBudget(per_minute=30, burst=12)
        writes = CallBudget(per_minute=30, burst=30)  # not held to it: older projects may write more often
        self._of = {
            "list_log_entries": self.logs,
            "get_build": self.builds,
            "create_service": writes,
            "validate_service": writes,
            "update_service": writes,
            "replace_service": writes,
            "delete_revision": writes,
        }

    def of(self, method: str) -> CallBudget | None:
        """None for what is asked seldom enough."""
        return self._of.get(method)
