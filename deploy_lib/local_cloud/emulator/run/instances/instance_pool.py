"""Several instances of one revision: another is started when all that run are full, up to the most that it may have.

As documented: an instance takes as many requests at once as the revision's concurrency says, a request that needs
another one waits for its start, and one that comes when there may be no more waits, and is answered 429 in the end
(https://cloud.google.com/run/docs/about-instance-autoscaling, https://cloud.google.com/run/docs/troubleshooting#429).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from ....worker import side_by_side
from .instance import Instance
from .instance_supervisor import InstanceSupervisor


class InstancePool:
    """In place of the one supervisor of a revision, which is the first of its own. `make` gives each further one.

    `room` is how many requests an instance takes at once, `most` how many instances there may be. Its counts are kept
    on the ingress's own thread; everything else may be used from any.
    """

    def __init__(self, make: Callable[[], InstanceSupervisor], room: int, most: int) -> None:
        self._make, self._room, self._most = make, room, most
        self._first = make()
        self._others: list[InstanceSupervisor] = []
        self._lock = threading.Lock()
        self._closed = False
        self._under_way: Counter[str] = Counter()  # requests by the key of the instance that has them
        self._used: dict[str, float] = {}  # when an instance's last request ended
        first = self._first
        self.project, self.location, self.service, self.revision = (
            first.project,
            first.location,
            first.service,
            first.revision,
        )
        self.timeout = first.timeout

    # What the ingress asks

    def target(self) -> Instance | None:
        """The instance with the fewest requests, if it has room."""
        ready = [instance for member in self._members() if (instance := member.target()) is not None]
        best = min(ready, key=lambda instance: self._under_way[instance.key], default=None)
        return best if best is not None and self._under_way[best.key] < self._room else None

    def asleep(self) -> bool:
        """Whether a request that finds no room gets it from an instance that is started for it."""
        if self._first.target() is None:
            return self._first.asleep()
        members = self._members()
        return len(members) < self._most or any(member.asleep() for member in members)

    def full(self) -> bool:
        """Whether all that there may be run."""
        return self._first.target() is not None and not self.asleep()

    def wake(self) -> bool:
        """One instance more; blocks until it is ready."""
        if self._first.target() is None:
            return self._first.wake()
        with self._lock:
            sleeping = next((member for member in self._others if member.asleep()), None)
            if sleeping is None:
                if self._closed or len(self._others) + 1 >= self._most:
                    return False
                sleeping = self._make()
                self._others.append(sleeping)
        return sleeping.wake()

    def enter(self, instance: str) -> None:
        self._under_way[instance] += 1
        self._first.enter(instance)

    def leave(self, instance: str) -> None:
        self._under_way[instance] -= 1
        if not self._under_way[instance]:
            del self._under_way[instance]
        self._used[instance] = time.monotonic()
        self._first.leave(instance)

    # What the revisions' manager asks

    def start(self) -> str | None:
        """The first one's; the others start when they are needed."""
        return self._first.start()

    def wait_for_last_try(self) -> None:
        self._first.wait_for_last_try()

    def idle(self) -> float:
        return self._first.idle()

    def shrink(self, idle: float) -> None:
        """End those but the first that had no request for `idle` seconds."""
        with self._lock:
            running = [(member, member.target()) for member in self._others]
            now = time.monotonic()
            over = [
                member
                for member, instance in running
                if instance is not None
                and not self._under_way[instance.key]
                and now - self._used.get(instance.key, now) >= idle
            ]
            self._others = [member for member in self._others if member not in over]
        side_by_side([member.close for member in over], f"shrink-{self.revision}")

    def sleep(self) -> None:
        with self._lock:
            others, self._others = self._others, []
        side_by_side([self._first.sleep, *(member.close for member in others)], f"sleep-{self.revision}")

    def close(self, *at_most: float) -> None:
        with self._lock:
            self._closed = True
            members = self._members()
        side_by_side([partial(member.close, *at_most) for member in members], f"end-{self.revision}")

    def _members(self) -> list[InstanceSupervisor]:
        return [self._first, *self._others]
