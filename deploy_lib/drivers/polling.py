"""Asking again until something has come true: often at first, so that a quick end is noticed at once."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.drivers.interface import Clock
from deploy_lib.steps.again import next_pause


def polls(clock: Clock, within: float) -> Iterator[float]:
    """The seconds waited so far, again and again, the last time when `within` is over. Raises Interrupted."""
    began = clock.monotonic()
    while True:
        waited = clock.monotonic() - began
        yield waited
        if waited >= within:
            return
        clock.sleep(next_pause(waited, within - waited))
