"""Asks the stable revision and the candidate the same thing at the same moment, again and again, at a steady rate.

The pairs come at their rate whether or not earlier ones were answered, so a slow candidate gives more evidence and not
less; only so many are under way at once. Which of the two is asked first alternates, so that what this machine is slow
at falls on both alike.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from deploy_lib.drivers.http_get import Getter
from deploy_lib.drivers.interface import Clock, Interrupted
from deploy_lib.model.answers import Attempt, Side
from deploy_lib.model.requests import Expectation
from deploy_lib.steps.pairs import Pair, sides

_TICK = 0.05
_ENDS_WITHIN = 1.0


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    candidate: Future[Attempt]
    stable: Future[Attempt] | None


@dataclass(slots=True)
class Pairs:
    """Use it as a context manager: from then on pairs are sent while `sending`, in a separate thread.

    `stable` is None where nothing serves beside the candidate; then only that is asked. Times in seconds.
    """

    clock: Clock
    getter: Getter
    expect: Expectation
    candidate_url: str
    stable_url: str | None
    every: float
    at_once: int
    not_stable: str | None = None  # the revision that may answer at the stable's URL in its place
    warm_up: float = 0.0  # in which slow answers do not count
    sending: bool = True
    _began: float = field(init=False)
    _due: float = field(init=False)
    _number: int = 0
    _under_way: list[_Asked] = field(default_factory=list)
    _answered: list[Pair] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(init=False)
    _thread: threading.Thread = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._began = self._due = self.clock.monotonic()
        self._pool = ThreadPoolExecutor(2 * self.at_once, thread_name_prefix="pairs")
        self._thread = threading.Thread(target=self._run, name="pairs", daemon=True)

    def __enter__(self) -> Pairs:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """What is under way is broken off."""
        self._stop.set()
        self._thread.join(_ENDS_WITHIN)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.getter.close()

    @property
    def under_way(self) -> int:
        """The number of pairs that are not answered yet."""
        with self._lock:
            self._collect()
            return len(self._under_way)

    def sides(self) -> tuple[Side, Side]:
        """The stable revision's and the candidate's, so far."""
        with self._lock:
            self._collect()
            now, answered, under_way = self.clock.monotonic(), tuple(self._answered), tuple(self._under_way)
        waiting, ahead = [], []
        for each in under_way:
            if each.at - self._began < self.warm_up:
                continue
            # Where neither has answered yet it may be this machine that is late.
            if each.stable is not None and each.stable.done() and not each.candidate.done():
                waiting.append(now - each.at)
                answer = each.stable.result()
                ahead += [answer.seconds] if not answer.problem else []
        stable, candidate = sides(answered, self.expect, self.candidate_url, self.stable_url, self.warm_up)
        return (
            replace(stable, latencies=(*stable.latencies, *ahead)),
            replace(candidate, waiting=tuple(waiting)),
        )

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                due = _TICK
                if self.sending:
                    self._send()
                    due = self._due - self.clock.monotonic()
                self.clock.sleep(min(max(due, 0.001), _TICK))
        except Interrupted:  # whoever waits gets it, too
            pass

    def _send(self) -> None:
        """The pair that is due, if one is, unless too many are under way. What was missed is not made up for."""
        with self._lock:
            self._collect()
            now = self.clock.monotonic()
            if now < self._due or len(self._under_way) >= self.at_once:
                return
            self._due = max(self._due + self.every, now)
            self._number += 1
            urls = [self.candidate_url, *([self.stable_url] if self.stable_url else [])]
            turned = urls[::-1] if self._number % 2 else urls
            asked = {url: self._pool.submit(self.getter.get, url, self.expect, self._began) for url in turned}
            stable = asked[self.stable_url] if self.stable_url else None
            self._under_way.append(_Asked(now, asked[self.candidate_url], stable))

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
