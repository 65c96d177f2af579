"""A thread that writes, so that a screen or a pipe that blocks holds nothing else up.

Handing over takes no lock that the thread holds while it writes, so a signal handler may do it too. When the reader has
gone, nothing more is written; when it has only stopped reading, the end of the command waits for it, but not for ever.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import TextIO

TIMEOUT = 10.0
"""Seconds at the end of a command without a byte taken, after which it no longer waits for the reader."""
CHUNK = 4096  # bytes; so much is taken by a slow reader at a time, and shows that somebody reads
MAX_WAITING = 5000
"""Lines of progress that may wait. More are left out: a build may say 200,000 of them to a pipe that is not read."""

Job = Callable[[], None]


def descriptor(out: TextIO) -> int | None:
    """The number that the system writes by; None for a stream in memory."""
    try:
        return out.fileno()
    except (OSError, ValueError, AttributeError):
        return None


class WriterThread:
    """Runs jobs one after the other. `when_idle` is run whenever none waits, and every `interval` seconds."""

    def __init__(
        self, descriptor: int, when_idle: Job = lambda: None, interval: float | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._descriptor = descriptor
        self._timeout = timeout
        self._when_idle = when_idle
        self._interval = interval
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._taken = 0
        self._gone = False
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Never waits, whatever the thread does."""
        self._jobs.put(job)

    @property
    def behind(self) -> bool:
        """Whether so much waits that what may be left out should be."""
        return self._jobs.qsize() > MAX_WAITING

    def write(self, text: str, encoding: str) -> None:
        """For jobs. Does nothing once the reader has gone."""
        data = text.encode(encoding, "backslashreplace")
        while data and not self._gone:
            try:
                sent = os.write(self._descriptor, data[:CHUNK])
            except OSError:  # EPIPE, or EIO from a terminal that was closed
                self._gone = True
                return
            data = data[sent:]
            self._taken += 1

    def close(self) -> bool:
        """Waits until all is written. False when it is no longer read; the thread is left to itself then."""
        self._jobs.put(None)
        while self._thread.is_alive():
            before = self._taken
            self._thread.join(self._timeout)
            if self._thread.is_alive() and self._taken == before:
                return False
        return True

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._interval)
                while job is not None:
                    job()
                    job = self._jobs.get_nowait()
                self._when_idle()
                return
            except queue.Empty:
                self._when_idle()
