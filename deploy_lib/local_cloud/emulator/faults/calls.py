"""Records every call in order, so that a test can assert that nothing was done twice."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """`at` is when the call came (seconds since the epoch); `code` what the client got; `fault`: by a fault."""

    number: int
    method: str
    at: float
    seconds: float
    code: str
    fault: bool


class CallLog:
    """May be used from any thread. The newest calls are kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._calls: deque[Recorded] = deque(maxlen=_KEPT)
        self._number = 0

    def record(self, method: str, at: float, code: str, *, fault: bool = False) -> None:
        with self._lock:
            self._number += 1
            self._calls.append(Recorded(self._number, method, at, self.clock() - at, code, fault))

    def after(self, number: int) -> list[Recorded]:
        """In the order in which they were answered."""
        with self._lock:
            return [call for call in self._calls if call.number > number]
