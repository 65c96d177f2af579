"""Requests that go on between two looks of a step, and whoever counts those of users meanwhile."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.drivers.pairs import Pairs
from deploy_lib.drivers.traffic_watcher import TrafficWatcher
from deploy_lib.model.answers import Watched
from deploy_lib.model.requests import Phase


@dataclass(slots=True)
class RequestSession:
    """Open from its making on, until it is closed. `began` by the monotonic clock."""

    clock: Clock
    pairs: Pairs
    watching: TrafficWatcher
    began: float
    looks: int = 0
    _reading_since: float | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._open.enter_context(self.pairs)
        self._open.enter_context(self.watching)

    def look(self, phase: Phase, tell: Tell) -> Watched:
        """What is known by now; `phase` is what goes on from here."""
        now = self.clock.monotonic()
        self.pairs.sending = phase is Phase.ASKING
        stable, candidate = self.pairs.sides()
        under_way = self.pairs.under_way
        if phase is not Phase.READING:
            self._reading_since = None
        elif self._reading_since is None:
            self._reading_since = now
        waited = now - self._reading_since if self._reading_since is not None else 0.0
        all_read = self.watching.has_shown(candidate, waited)
        seen = self.watching.seen(candidate, stable, tell)
        if _is_weighed(phase, under_way, all_read) and (candidate.requests or candidate.waiting):
            self.looks += 1
        return replace(
            seen,
            seconds=now - self.began,
            own=candidate,
            own_stable=stable,
            looks=max(1, self.looks),
            under_way=under_way,
            phase=phase,
            all_read=all_read,
            revision_failed=self.watching.failed,
            ends=self.watching.ends,
            sticky=self.watching.sticky,
        )

    def close(self) -> None:
        """What is under way is broken off."""
        self._open.close()


def _is_weighed(phase: Phase, under_way: int, all_read: bool) -> bool:
    return not (phase is Phase.WAITING and under_way) and not (phase is Phase.READING and not all_read)
