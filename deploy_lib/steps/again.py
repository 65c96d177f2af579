"""What `judge` says when it is too early to say anything: look again. The executor waits; nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST = 0.05
LONGEST = 2.0
GROWTH = 0.02
"""A pause is 2 % of the time waited so far: within half a second of the end of anything that takes up to 25 s."""


@dataclass(frozen=True, slots=True)
class Again:
    """Ask once more `after` so many seconds; `request` instead of the one before, where there is one.

    `says` is a line for whoever waits.
    """

    after: float
    request: object | None = None
    says: str = ""


def next_pause(waited: float, left: float) -> float:
    """Seconds until the next look: short at first, so that a quick end is noticed at once, and never beyond the end."""
    return min(max(SHORTEST, waited * GROWTH), LONGEST, max(left, 0.001))
