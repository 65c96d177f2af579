"""The time, and the one way to wait: every wait of the tool ends at once when someone asks it to stop.

Each request to stop is delivered once to every thread that waits on the clock, so a run interrupted once can still
wait for its traffic to be restored, and a second interruption ends that wait too.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from deploy_lib.drivers.interface import Interrupted, Recalled


class SystemClock:
    """The real clock. `stop` may be called from a signal handler."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stops: list[str] = []
        self._seen = threading.local()
        self._recalled: set[int] = set()

    @property
    def stops(self) -> int:
        """How often someone asked to stop."""
        return len(self._stops)

    def stop(self, by: str) -> None:
        """Asks every thread that sleeps on this clock to stop; `by` names the signal. Safe in a signal handler."""
        with self._changed:
            self._stops.append(by)
            self._changed.notify_all()

    def recall(self, thread: int) -> None:
        """End the next wait, or the one under way, of that thread alone (its `threading.get_ident`)."""
        with self._changed:
            self._recalled.add(thread)
            self._changed.notify_all()

    def now(self) -> datetime:
        """The time of this machine, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never set back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Raises Interrupted, at once, when a stop was asked for that this thread has not seen yet; or Recalled."""
        seen, thread = getattr(self._seen, "count", 0), threading.get_ident()

        def is_over() -> bool:
            return len(self._stops) > seen or thread in self._recalled

        with self._changed:
            if not self._changed.wait_for(is_over, timeout=max(0.0, seconds)):
                return
            if len(self._stops) > seen:
                self._seen.count = len(self._stops)
                raise Interrupted(self._stops[-1])
            self._recalled.discard(thread)
            raise Recalled("its group")
