"""Renews a lease in the background, until it is given back or found lost."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from deploy_lib.drivers.interface import DriverError, Interrupted

RETRY_AFTER = 15.0  # seconds, where a renewal could not be made


class Renewal(Thread):
    """A renewal that fails is tried again soon; one that finds the lease lost ends."""

    def __init__(self, renew: Callable[[], None], every: float) -> None:
        super().__init__(name="lease", daemon=True)
        self._renew = renew
        self._every = every
        self._over = Event()

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        pause = self._every
        while not self._over.wait(pause):
            pause = self._every
            try:
                self._renew()
            except Interrupted:
                pause = min(self._every, RETRY_AFTER)
            except DriverError as problem:
                if problem.conflict:
                    return
                pause = min(self._every, RETRY_AFTER)
