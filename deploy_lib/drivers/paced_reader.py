"""Reads something every so often, more seldom once a quota is used up, and no more where no waiting helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy_lib.drivers.call_budget import REFUSED_FOR
from deploy_lib.drivers.errors import ApiError, is_quota
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.status_code import StatusCode

FOR_GOOD = frozenset(
    {
        StatusCode.PERMISSION_DENIED,
        StatusCode.UNAUTHENTICATED,
        StatusCode.NOT_FOUND,
        StatusCode.UNIMPLEMENTED,
        StatusCode.INVALID_ARGUMENT,
    }
)
"""Codes that no waiting changes."""


@dataclass(slots=True)
class PacedReader:
    """When it is read next, and why the last reading failed. Times by the monotonic clock."""

    pause: float
    next: float = 0.0
    gap: str = ""
    for_good: bool = False

    def is_due(self, now: float) -> bool:
        """Whether it is time to read again; `now` is of the monotonic clock, in seconds."""
        return not self.for_good and now >= self.next

    def read(self, clock: Clock, reading: Callable[[], None]) -> str:
        """What a person should read of it; empty when nothing."""
        try:
            reading()
        except DriverError as problem:
            quota = is_quota(problem)
            self.for_good = isinstance(problem, ApiError) and problem.code in FOR_GOOD
            self.next = clock.monotonic() + (REFUSED_FOR if quota else self.pause)
            new, self.gap = problem.reason != self.gap, problem.reason
            pause = f"; not read again for {REFUSED_FOR:.0f} s" if quota else ""
            return f"{problem.reason}{pause}" if new or quota else ""
        self.gap, self.next = "", clock.monotonic() + self.pause
        return ""
