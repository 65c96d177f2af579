"""A clock that nobody has to wait for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy_lib.drivers.interface import Interrupted


class FakeClock:
    """Sleeping moves it. `stop_after` seconds of sleep it interrupts, as Ctrl-C would."""

    def __init__(self, stop_after: float | None = None) -> None:
        self.slept: list[float] = []
        self.stop_after = stop_after
        self._now = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(seconds=self._now)

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        if self.stop_after is not None and self._now >= self.stop_after:
            raise Interrupted
