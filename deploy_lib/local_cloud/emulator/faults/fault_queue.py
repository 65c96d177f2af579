"""The faults that are set. A call meets at most one: the first that is due."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from .fault import Fault


@dataclass(slots=True)
class QueuedFault:
    """`seen` counts the calls that matched, `fired` those that were hit."""

    fault: Fault
    seen: int = 0
    fired: int = 0


class FaultQueue:
    """May be used from any thread. `ending` is set when the local cloud stops: no delay outlasts it."""

    def __init__(self, ending: threading.Event) -> None:
        self._ending = ending
        self._lock = threading.Lock()
        self._scripted: list[QueuedFault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._scripted += [QueuedFault(fault) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._scripted.clear()

    def all(self) -> list[QueuedFault]:
        """Copies, in the order they were set."""
        with self._lock:
            return [QueuedFault(one.fault, one.seen, one.fired) for one in self._scripted]

    def meet(self, method: str, *, stale_known: bool = False) -> Fault | None:
        """The fault this call is hit by, counted. A stale one is due only when there is an older answer to give."""
        with self._lock:
            for one in self._scripted:
                if not one.fault.matches(method) or (one.fault.stale and not stale_known):
                    continue
                one.seen += 1
                if one.seen > one.fault.skip and (one.fault.times == 0 or one.fired < one.fault.times):
                    one.fired += 1
                    return one.fault
        return None

    def wait(self, seconds: float) -> None:
        """A delay."""
        self._ending.wait(seconds)
