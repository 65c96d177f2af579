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
    """Patience is over that many times sooner; the local cloud and its containers take the time they need.

    `calm`: only from `hurry` on, so that what has to go well before has its whole time on a busy machine.
    """

    def __init__(self, times: float = 10.0, *, calm: bool = False) -> None:
        super().__init__()
        self._wanted, self._times = times, 1.0
        self._since = self._before = super().monotonic()
        if not calm:
            self.hurry()

    def hurry(self) -> None:
        self._before, self._since = self.monotonic(), super().monotonic()
        self._times = self._wanted

    def monotonic(self) -> float:
        return self._before + (super().monotonic() - self._since) * self._times

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / self._times)
