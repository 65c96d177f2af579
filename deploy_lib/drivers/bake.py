"""Watches the candidate while it has traffic: counts the requests of users, and makes some of its own to be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy_lib.drivers.compare import pause_between_looks
from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.drivers.pairs import Pairs
from deploy_lib.drivers.watching import Watching
from deploy_lib.model.answers import Side, Watched
from deploy_lib.steps.promote import MoveTraffic
from deploy_lib.steps.watched import Wish, sick, wish

_IDLE = 0.05  # seconds between two looks at what is under way, once nothing more is sent


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
        bake, began = self.request.bake, self.clock.monotonic()
        next_look = began + min(pause_between_looks(0.0), bake.seconds)
        wanted, caught_up, extended = Wish.MORE, False, False
        while True:
            now = self.clock.monotonic()
            if wanted is Wish.MORE:
                self.pairs.send()
            if now >= next_look or (wanted is Wish.ANSWERS and not self.pairs.under_way):
                found = self._look(now - began)
                if found.revision_failed or sick(found.watched, bake.thresholds):
                    return found
                wanted = wish(found.watched, bake, self.request.settings.percent)
                if wanted is Wish.NOTHING:
                    if caught_up:
                        return found
                    self.watching.catch_up(found.watched.own, self.tell)
                    caught_up, next_look = True, now
                    continue
                caught_up = False
                if wanted is Wish.MORE and not extended and now - began >= bake.seconds:
                    extended = True
                    self.tell("what was seen does not decide; going on")
                pause = pause_between_looks(now - began)
                left = bake.seconds - (now - began)
                next_look = now + (min(pause, left) if left > 0 else pause)
            due = self.pairs.until_due() if wanted is Wish.MORE else _IDLE
            self.clock.sleep(max(0.001, min(due, next_look - now)))

    def _look(self, seconds: float) -> Baked:
        self.looks += 1
        stable, candidate = self.pairs.sides()
        seen = self.watching.seen(candidate, stable, self.tell)
        alone = self.request.settings.percent == 100
        watched = replace(
            seen,
            seconds=seconds,
            # What is still under way at the switch must not stand for what the stable revision answers.
            beside=Side() if alone else seen.beside,
            own=candidate,
            own_stable=stable,
            looks=self.looks,
            under_way=self.pairs.under_way,
            sticky=self.watching.sticky,
        )
        return Baked(watched, self.watching.failed)
