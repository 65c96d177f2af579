"""Asking again until something has come true: often at first, so that a quick end is noticed at once."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.drivers.interface import Clock

SHORTEST = 0.05
LONGEST = 2.0
GROWTH = 0.02
"""A pause is 2 % of the time waited so far: within half a second of the end of anything that takes up to 25 s."""


def polls(clock: Clock, within: float) -> Iterator[float]:
    """The seconds waited so far, again and again, the last time when `within` is over. Raises Interrupted."""
    began = clock.monotonic()
    while True:
        waited = clock.monotonic() - began
        yield waited
        if waited >= within:
            return
        pause = min(max(SHORTEST, waited * GROWTH), LONGEST)
        clock.sleep(min(pause, max(within - waited, 0.001)))
