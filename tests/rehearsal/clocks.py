"""The real clock, for someone who comes later, and for someone who has no patience."""

from __future__ import annotations

from datetime import datetime, timedelta

from deploy_lib.drivers.clock import SystemClock


class Later(SystemClock):
    """The clock of someone who comes when that many seconds have passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._later = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._later


class Hurried(SystemClock):
    """Patience is over that many times sooner; the local cloud and its containers take the time they need."""

    def __init__(self, times: float = 10.0) -> None:
        super().__init__()
        self._times = times

    def monotonic(self) -> float:
        return super().monotonic() * self._times

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / self._times)
