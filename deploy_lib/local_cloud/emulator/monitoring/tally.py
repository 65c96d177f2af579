"""Numbers of requests and how long they took, as one point of a time series holds them.

Buckets grow exponentially, as the latencies of Google's own services are kept. A reader has to take the bounds
from the point itself; that Cloud Run's start at 1 ms and grow by 1.4 is an assumption here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

FINITE_BUCKETS = 66
GROWTH = 1.4
SCALE = 1.0  # milliseconds, the upper bound of the first bucket


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
