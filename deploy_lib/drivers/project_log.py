"""The one reader of a project's logs, for all services and revisions of a run, in a thread of its own.

A project may read its logs 60 times a minute, whoever reads. So what several followers are due to read is read by one
call, all calls stay within the project's budget, and a refusal stops all of them for a minute. Nobody who compares
or bakes waits for a reading: followers take what has come in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar, cast

from deploy_lib.drivers.errors import ApiError, is_quota
from deploy_lib.drivers.interface import Clock, DriverError, Interrupted
from deploy_lib.drivers.log_follower import LogFollower
from deploy_lib.drivers.logs import Entries, read_together
from deploy_lib.drivers.policy import Calls

T = TypeVar("T")

_TICK = 0.05  # seconds
TOGETHER = 20
"""Followers read by one call: a filter may have 20,000 characters (https://cloud.google.com/logging/quotas)."""


class ProjectLog:
    """Safe to share between threads. Its thread runs while somebody follows or asks."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._budget = calls.clients.budgets.logs
        self._lock = threading.Lock()
        self._followers: list[LogFollower] = []
        self._asked: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._thread: threading.Thread | None = None
        self._refusal: ApiError | None = None
        self._closed = False
        self._answered_last = False  # then it is the followers' turn

    def follow(self, entries: Entries) -> LogFollower:
        """What comes in from now on, until the follower is stopped."""
        follower = LogFollower(entries, self._clock)
        with self._lock:
            closed_for = self.closed_until - self._clock.monotonic()
            if closed_for > 0 and self._refusal is not None:
                follower.failed(self._refusal, not_read_for(closed_for))
            self._followers.append(follower)
            self._start()
        return follower

    def read(self, reading: Callable[[], T]) -> T:
        """What `reading` gives, made by the reader as soon as the budget has room for it.

        Raises DriverError, at once while a quota is used up, and Interrupted from the clock.
        """
        answer: Future[object] = Future()
        with self._lock:
            self._asked.append((reading, answer))
            self._start()
        while not answer.done():
            self._clock.sleep(_TICK)
        return cast(T, answer.result())

    @property
    def has_room(self) -> bool:
        """Whether one more reading would not have to wait."""
        return not self._asked and self._budget.may_call(self._clock.monotonic())

    @property
    def closed_until(self) -> float:
        """When a quota that was used up lets it read again, by the monotonic clock."""
        return self._budget.closed_until

    def close(self) -> None:
        """The thread ends with the reading that is under way."""
        with self._lock:
            self._closed = True

    # The thread

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="reading logs", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._has_work():
            try:
                if not self._work():
                    self._clock.sleep(_TICK)
            except Interrupted:  # whoever waits gets it, too; why a release failed is read after that
                pass

    def _has_work(self) -> bool:
        with self._lock:
            self._followers = [each for each in self._followers if not each.stopped]
            if self._closed or not (self._followers or self._asked):
                self._thread = None
                for _, answer in self._asked:
                    answer.set_exception(DriverError("the log is no longer read"))
                self._asked.clear()
                return False
            return True

    def _work(self) -> bool:
        """Whether anything was read, or refused."""
        now = self._clock.monotonic()
        closed = now < self._budget.closed_until
        if not closed and not self._budget.may_call(now):
            return False
        with self._lock:
            followers = [each for each in self._followers if each.is_wanted(now)]
            turn = self._answered_last and not closed and any(each.is_due(now) for each in followers)
            asked = self._asked.popleft() if self._asked and not turn else None
            self._answered_last = asked is not None
        if asked is not None:
            self._answer(*asked, closed=closed)
            return True
        if closed or not any(each.is_due(now) for each in followers):
            return False
        followers.sort(key=lambda each: each.next)
        self._read(followers[:TOGETHER])
        return True

    def _answer(self, reading: Callable[[], object], answer: Future[object], *, closed: bool) -> None:
        if closed and self._refusal is not None:
            answer.set_exception(self._refusal)
            return
        try:
            answer.set_result(reading())
        except Interrupted:
            answer.set_exception(DriverError("reading the log was interrupted"))
        except Exception as problem:  # the thread has no one else to tell
            self._note(problem)
            answer.set_exception(problem)

    def _read(self, followers: Sequence[LogFollower]) -> None:
        try:
            found = read_together([each.entries for each in followers]) if len(followers) > 1 else None
        except DriverError as problem:
            self._failed(problem, followers)
            return
        except Interrupted:
            raise
        except Exception as problem:  # the thread has no one else to tell
            for each in followers:
                each.broke(problem)
            return
        for number, each in enumerate(followers):
            if found is None and number and not self._budget.may_call(self._clock.monotonic()):
                return  # the others stay due, and come first
            try:
                each.add(each.entries.read() if found is None else found)
            except DriverError as problem:
                self._failed(problem, [each])
            except Interrupted:
                raise
            except Exception as problem:  # the thread has no one else to tell
                each.broke(problem)

    def _failed(self, problem: DriverError, followers: Sequence[LogFollower]) -> None:
        with self._lock:
            pause = self._note(problem)
            concerned = list(followers) if pause is None else list(self._followers)
        for each in concerned:
            each.failed(problem, "" if pause is None else not_read_for(pause))

    def _note(self, problem: Exception) -> float | None:
        """Seconds in which a quota that was used up lets nothing be read."""
        if not (isinstance(problem, ApiError) and is_quota(problem)):
            return None
        self._refusal = problem
        return self._budget.refused(self._clock.monotonic(), problem.retry_after)


def not_read_for(seconds: float) -> str:
    """What follows a refusal, for whoever waits."""
    return f"; not read again for {seconds:.0f} s"
