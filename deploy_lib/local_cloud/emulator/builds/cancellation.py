"""Ends a build, or a step of it, early: the first reason counts, and what it stops.

A cancellation, a time limit and a failed neighbour may come at the same moment from different threads: whoever
is first gives the reason, and everything that was registered is stopped once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancellation:
    """`reason` is None while all is well. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._enders: list[Callable[[], None]] = []
        self.reason: str | None = None

    def end(self, reason: str) -> None:
        with self._lock:
            if self.reason is not None:
                return
            self.reason = reason
            enders = list(self._enders)
        for stop in enders:
            stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """While inside, `stop` is what ends the work; it is called at once when the end has come already."""
        with self._lock:
            self._enders.append(stop)
            late = self.reason is not None
        if late:
            stop()
        try:
            yield
        finally:
            with self._lock:
                self._enders.remove(stop)

    @contextmanager
    def within(self, seconds: float, reason: str) -> Iterator[None]:
        """Ends with `reason` when the work inside takes longer."""
        timer = threading.Timer(seconds, self.end, args=(reason,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
