"""Numbers of requests and how long they took, as one point of a time series holds them.

Buckets grow exponentially: Cloud Run's have the bounds 10 * 1.1**k ms (all six bounds that were published fit), so
below 10 ms all is one bucket, and above it the resolution is a tenth. How many there are is an assumption here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

FINITE_BUCKETS = 120
GROWTH = 1.1
SCALE = 10.0  # milliseconds, the upper bound of the first bucket


@dataclass(slots=True)
class Tally:
    """Latencies in milliseconds. `squares` is the sum of squared distances from the mean."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, value: float) -> None:
        self.count += 1
        distance = value - self.mean
        self.mean += distance / self.count
        self.squares += distance * (value - self.mean)
        self.buckets[bucket(value)] += 1

    def bucket_counts(self) -> list[int]:
        """Up to the last bucket that is not empty, as the API leaves off the rest."""
        return [self.buckets[number] for number in range(max(self.buckets, default=-1) + 1)]


def total(tallies: Iterable[Tally]) -> Tally:
    result = Tally()
    for tally in tallies:
        count = result.count + tally.count
        if count:
            distance = tally.mean - result.mean
            result.squares += tally.squares + distance**2 * result.count * tally.count / count
            result.mean += distance * tally.count / count
        result.count = count
        result.buckets.update(tally.buckets)
    return result


def bucket(value: float) -> int:
    """Bucket 0 is below SCALE; bucket i from SCALE * GROWTH**(i-1) to SCALE * GROWTH**i; the last has no end."""
    if value < SCALE:
        return 0
    number = 1 + int(math.log(value / SCALE, GROWTH))
    # The logarithm may be off by one at a bound.
    while value >= SCALE * GROWTH**number:
        number += 1
    while number > 1 and value < SCALE * GROWTH ** (number - 1):
        number -= 1
    return min(number, FINITE_BUCKETS + 1)
