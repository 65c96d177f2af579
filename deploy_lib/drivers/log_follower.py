"""What comes into a log, for one who looks now and then and never waits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.logs import Entries
from deploy_lib.drivers.paced_reader import FOR_GOOD

if TYPE_CHECKING:
    from google.cloud.logging_v2.types import LogEntry

FORGOTTEN_AFTER = 10.0
"""Seconds after which nothing is read any more for one who no longer looks."""


def pause_between_readings(since: float) -> float:
    """Seconds: most that happens happens early, and a project may read its logs 60 times a minute."""
    return 0.5 if since < 5 else 1.0 if since < 15 else 4.0


@dataclass(slots=True)
class LogFollower:
    """`gap` says why the last reading failed; `for_good`: no waiting changes that. Safe to share between threads.

    The reader calls `add`, `failed` and `broke`; `next` is when it reads again, by the monotonic clock.
    """

    entries: Entries
    clock: Clock
    gap: str = ""
    for_good: bool = False
    stopped: bool = False
    next: float = 0.0
    _since: float = field(init=False)
    _looked: float = field(init=False)
    _found: list[LogEntry] = field(default_factory=list)
    _messages: list[str] = field(default_factory=list)
    _broken: Exception | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._since = self._looked = self.clock.monotonic()

    def take(self) -> list[LogEntry]:
        """What has come in and was not taken yet."""
        with self._lock:
            self._looked = self.clock.monotonic()
            if self._broken is not None:
                raise self._broken
            found, self._found = self._found, []
            return found

    def messages(self) -> list[str]:
        """What a person should read of the readings, once."""
        with self._lock:
            found, self._messages = self._messages, []
            return found

    def hasten(self) -> None:
        """Something is waited for: the log is read as often as at first."""
        with self._lock:
            self._since = self.clock.monotonic()
            self.next = min(self.next, self._since + pause_between_readings(0.0))

    def stop(self) -> None:
        """Nothing is read any more."""
        self.stopped = True

    @property
    def is_behind(self) -> bool:
        """Nobody looked for so long that it is read no more."""
        return not self.for_good and self.clock.monotonic() - self._looked >= FORGOTTEN_AFTER

    # Called by the reader

    def is_wanted(self, now: float) -> bool:
        """Whether a reading is of use at all."""
        return not self.stopped and not self.for_good and now - self._looked < FORGOTTEN_AFTER

    def is_due(self, now: float) -> bool:
        """Whether it is time to read again."""
        return self.is_wanted(now) and now >= self.next

    def add(self, entries: Iterable[LogEntry]) -> None:
        """What a reading brought, some of it perhaps known or somebody else's."""
        with self._lock:
            self._found += [entry for entry in entries if self.entries.takes(entry)]
            self.gap = ""
            self._read()

    def failed(self, problem: DriverError, more: str) -> None:
        """The reading failed; said once, or again with `more` to say."""
        with self._lock:
            if more or problem.reason != self.gap:
                self._messages.append(f"{problem.reason}{more}")
            self.gap = problem.reason
            self.for_good = isinstance(problem, ApiError) and problem.code in FOR_GOOD
            self._read()

    def broke(self, problem: Exception) -> None:
        """The next to look gets it raised."""
        with self._lock:
            self._broken, self.for_good = problem, True

    def _read(self) -> None:
        now = self.clock.monotonic()
        self.next = now + pause_between_readings(now - self._since)
