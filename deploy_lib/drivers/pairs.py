"""Asks the stable revision and the candidate the same thing at the same moment, again and again, at a steady rate.

The pairs come at their rate whether or not earlier ones were answered, so a slow candidate gives more evidence and not
less; only so many are under way at once. Which of the two is asked first alternates, so that what this machine is slow
at falls on both alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from deploy_lib.drivers.http_get import Getter
from deploy_lib.drivers.interface import Clock
from deploy_lib.model.answers import Attempt, Side
from deploy_lib.model.requests import Expectation
from deploy_lib.steps.pairs import Pair, sides


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    candidate: Future[Attempt]
    stable: Future[Attempt] | None


@dataclass(slots=True)
class Pairs:
    """`stable` is None where nothing serves beside the candidate; then only that is asked. Times in seconds."""

    clock: Clock
    getter: Getter
    pool: ThreadPoolExecutor
    expect: Expectation
    candidate_url: str
    stable_url: str | None
    every: float
    at_once: int
    not_stable: str | None = None  # the revision that may answer at the stable's URL in its place
    warm_up: float = 0.0  # in which slow answers do not count
    began: float = 0.0
    _due: float = 0.0
    _number: int = 0
    _under_way: list[_Asked] = field(default_factory=list)
    _answered: list[Pair] = field(default_factory=list)

    @property
    def under_way(self) -> int:
        self._collect()
        return len(self._under_way)

    def until_due(self) -> float:
        """Seconds until the next pair should be sent."""
        return max(0.0, self._due - self.clock.monotonic())

    def send(self) -> None:
        """The pair that is due, if one is, unless too many are under way. What was missed is not made up for."""
        self._collect()
        now = self.clock.monotonic()
        if now < self._due or len(self._under_way) >= self.at_once:
            return
        self._due = max(self._due + self.every, now)
        self._number += 1
        urls = [self.candidate_url, *([self.stable_url] if self.stable_url else [])]
        turned = urls[::-1] if self._number % 2 else urls
        asked = {url: self.pool.submit(self.getter.get, url, self.expect, self.began) for url in turned}
        stable = asked[self.stable_url] if self.stable_url else None
        self._under_way.append(_Asked(now, asked[self.candidate_url], stable))

    def sides(self) -> tuple[Side, Side]:
        """The stable revision's and the candidate's, so far."""
        self._collect()
        now = self.clock.monotonic()
        waiting, ahead = [], []
        for each in self._under_way:
            if each.at - self.began < self.warm_up:
                continue
            # Where neither has answered yet it may be this machine that is late.
            if each.stable is not None and each.stable.done() and not each.candidate.done():
                waiting.append(now - each.at)
                answer = each.stable.result()
                ahead += [answer.seconds] if not answer.problem else []
        stable, candidate = sides(self._answered, self.expect, self.candidate_url, self.stable_url, self.warm_up)
        return (
            replace(stable, latencies=(*stable.latencies, *ahead)),
            replace(candidate, waiting=tuple(waiting)),
        )

    def _collect(self) -> None:
        still = []
        for each in self._under_way:
            if each.candidate.done() and (each.stable is None or each.stable.done()):
                self._count(each.candidate.result(), each.stable.result() if each.stable else None)
            else:
                still.append(each)
        self._under_way = still

    def _count(self, candidate: Attempt, stable: Attempt | None) -> None:
        """A pair whose stable half was answered by the candidate compares nothing and is left out."""
        if stable is not None and self.not_stable and stable.revision == self.not_stable:
            return
        self._answered.append(Pair(candidate, stable))


@contextmanager
def asking(
    clock: Clock,
    getter: Getter,
    expect: Expectation,
    candidate_url: str,
    stable_url: str | None,
    *,
    every: float,
    at_once: int,
    not_stable: str | None = None,
    warm_up: float = 0.0,
) -> Iterator[Pairs]:
    """Pairs from now on. What is under way at the end is broken off."""
    pool = ThreadPoolExecutor(2 * at_once, thread_name_prefix="pairs")
    now = clock.monotonic()
    try:
        yield Pairs(
            clock,
            getter,
            pool,
            expect,
            candidate_url,
            stable_url,
            every,
            at_once,
            not_stable,
            warm_up,
            began=now,
            _due=now,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        getter.close()
