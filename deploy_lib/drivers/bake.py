"""Watches the candidate while it has traffic: counts the requests of users, and makes some of its own to be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy_lib.drivers.compare import pause_between_looks
from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.drivers.pairs import Pairs
from deploy_lib.drivers.watching import Watching
from deploy_lib.model.answers import Side, Watched
from deploy_lib.model.requests import MoveTraffic
from deploy_lib.steps.promote import sick

AT_ONCE = 20
"""Of our own pairs: at the usual rate of one a second, more are under way only when all of them are late."""


@dataclass(frozen=True, slots=True)
class Baked:
    watched: Watched
    revision_failed: str | None = None


@dataclass(slots=True)
class Bake:
    request: MoveTraffic
    clock: Clock
    pairs: Pairs
    watching: Watching
    tell: Tell
    looks: int = 0

    def run(self) -> Baked:
        began, wanted = self.clock.monotonic(), self.request.bake.seconds
        next_look = began + pause_between_looks(0.0)
        while True:
            now = self.clock.monotonic()
            over = now - began >= wanted
            if not over:
                self.pairs.send()
            if over or now >= next_look:
                next_look = now + pause_between_looks(now - began)
                found = self._look(now - began)
                if found.revision_failed or sick(found.watched, self.request.bake.thresholds):
                    return found
                if over:
                    self.watching.catch_up(found.watched.own, self.tell)
                    return self._look(now - began)
            self.clock.sleep(max(0.001, min(self.pairs.until_due(), next_look - now, wanted - (now - began))))

    def _look(self, seconds: float) -> Baked:
        self.looks += 1
        stable, candidate = self.pairs.sides()
        seen = self.watching.seen(candidate, stable, self.tell)
        alone = self.request.percent == 100
        # What is still under way at the switch must not stand for what the stable revision answers.
        beside = Side() if alone else seen.beside
        watched = replace(seen, seconds=seconds, beside=beside, own=candidate, own_stable=stable, looks=self.looks)
        return Baked(watched, self.watching.failed)
