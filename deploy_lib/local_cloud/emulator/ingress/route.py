"""Where the requests of one address go: revisions with their shares, dealt out evenly. Pure.

Cloud Run draws lots for each request, so a rehearsal with few of them would see shares that are far off. Here, but for
the production profile, a fixed order of one whole period is made by smooth weighted round robin and repeated: in any
hundred requests in a row, a share of 10 % gets exactly ten, spread out and never in clumps.
"""

from __future__ import annotations

import itertools
import math
import random
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .admission import Admission


class RouteTarget(Protocol):
    """One running instance. `key` names it for as long as the local cloud runs."""

    @property
    def key(self) -> str: ...
    @property
    def address(self) -> tuple[str, int]: ...
    def dial(self) -> socket.socket: ...  # unconnected; from it `address` can be reached; raises OSError


class Upstream(Protocol):
    """One revision, as the ingress sees it. `target` and the counts are asked on the ingress's own thread."""

    project: str
    location: str
    service: str
    revision: str
    timeout: float  # seconds a request may take

    def target(self) -> RouteTarget | None: ...  # None while no instance is ready
    def wake(self) -> bool: ...  # blocks until an instance is ready; False when there will be none
    def asleep(self) -> bool: ...  # no instance runs, and none is being started again after a crash
    def full(self) -> bool: ...  # all instances that there may be run, and have no room
    def enter(self, instance: str) -> None: ...  # a request begins there; "" while it has none
    def leave(self, instance: str) -> None: ...  # it has ended


@dataclass(frozen=True, slots=True)
class Route:
    """What one address leads to; nowhere when no revision is ready. Requests under way stay where they are."""

    upstreams: tuple[Upstream, ...]
    percents: tuple[int, ...]  # of the upstreams, in the same order; their sum is 100
    lots: bool = False  # drawn for each request, as Cloud Run does
    admission: Admission | None = None  # without it, whoever asks may
    _turns: Iterator[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", draw(self.percents) if self.lots else itertools.cycle(deal(self.percents)))

    def next(self) -> Upstream:
        return self.upstreams[next(self._turns)]


def draw(weights: Sequence[int]) -> Iterator[int]:
    """Indexes by lot, each with its weight, without end."""
    while weights:
        yield random.choices(range(len(weights)), weights)[0]


def deal(weights: Sequence[int]) -> tuple[int, ...]:
    """One period of smooth weighted round robin: each index as often as its weight, reduced, evenly spread.

    >>> deal([75, 25])
    (0, 0, 1, 0)
    """
    if not weights:
        return ()
    divisor = math.gcd(*weights)
    steps = [weight // divisor for weight in weights]
    credit, order = [0] * len(steps), []
    for _ in range(sum(steps)):
        credit = [have + step for have, step in zip(credit, steps, strict=True)]
        chosen = max(range(len(steps)), key=lambda index: (credit[index], -index))
        credit[chosen] -= sum(steps)
        order.append(chosen)
    return tuple(order)
