"""A thread that writes what others hand it, so that a screen or a pipe that blocks holds up nobody else.

Handing over takes no lock that the thread holds while it writes, so a signal handler may do it too. A reader who has
gone is written to no more, in silence; one who has only stopped reading is waited for at the end, and not for ever.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import TextIO

PATIENCE = 10.0
"""Seconds without a byte taken, after which the end of the command waits for a reader no longer."""
CHUNK = 4096  # bytes; so much is taken by a slow reader at a time, and shows that somebody reads
MOST = 5000
"""Lines of progress that may wait. More are left out: a build may say 200,000 of them to a pipe that nobody reads."""

Job = Callable[[], None]


def descriptor(out: TextIO) -> int | None:
    """The number that the system writes by; None for a stream in memory."""
    try:
        return out.fileno()
    except (OSError, ValueError, AttributeError):
        return None


class Background:
    """Runs jobs one after the other in one thread. `idle` is run whenever none waits, and every `beat` seconds."""

    def __init__(
        self, descriptor: int, idle: Job = lambda: None, beat: float | None = None, patience: float = PATIENCE
    ) -> None:
        self._descriptor = descriptor
        self._patience = patience
        self._idle = idle
        self._beat = beat
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
        return self._jobs.qsize() > MOST

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
        """Waits until all is written. False when nobody reads it any more; the thread is left to itself then."""
        self._jobs.put(None)
        while self._thread.is_alive():
            before = self._taken
            self._thread.join(self._patience)
            if self._thread.is_alive() and self._taken == before:
                return False
        return True

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._beat)
                while job is not None:
                    job()
                    job = self._jobs.get_nowait()
                self._idle()
                return
            except queue.Empty:
                self._idle()
