"""One comparison under way: pairs of requests, real ones read beside them, and a look at all of it now and then."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.pairs import Pairs
from deploy_lib.drivers.watching import Watching
from deploy_lib.model.answers import Compared
from deploy_lib.steps.compare import Compare, is_undecided, says_nothing, worse_by

SOONEST, LATEST = 0.5, 5.0  # seconds between two looks
_IDLE = 0.05  # seconds between two looks at what is under way, once nothing more is sent


def pause_between_looks(compared: float) -> float:
    """Seconds, after that many of comparing: what is plainly sick shows at once, and every look costs certainty."""
    return min(max(SOONEST, compared / 4), LATEST)


@dataclass(slots=True)
class Comparison:
    request: Compare
    clock: Clock
    pairs: Pairs
    watching: Watching
    tell: Tell
    looks: int = 0

    def run(self) -> Compared:
        began = self.clock.monotonic()
        settings = self.request.settings
        ends, latest = began + settings.for_, began + settings.longest
        next_look = began + pause_between_looks(0.0)
        while True:
            now = self.clock.monotonic()
            sending = now < ends
            if sending:
                self.pairs.send()
            over = not sending and not self.pairs.under_way
            if over or now >= next_look:
                next_look = now + pause_between_looks(now - began)
                found = self._look(now - began)
                if self._is_over(found):
                    return found
                if over:
                    if not self._worth_more(found) or now >= latest:
                        return self._with_real_requests(found)
                    self.tell(f"{found.candidate.requests} requests do not decide; going on")
                    ends = min(now + pause_between_looks(now - began), latest)
            wait = min(self.pairs.until_due(), max(0.0, next_look - now)) if sending else _IDLE
            self.clock.sleep(max(wait, 0.001))

    def _look(self, seconds: float, *, again: bool = False) -> Compared:
        self.looks += not again
        stable, candidate = self.pairs.sides()
        watched = self.watching.seen(candidate, stable, self.tell)
        if not again:
            self.tell(f"{candidate.errors} of {candidate.requests} requests to the candidate failed so far")
        return Compared(
            stable,
            candidate,
            watched.beside,
            watched.users,
            seconds=seconds,
            looks=self.looks,
            metrics_gap=watched.blind or None,
            revision_failed=self.watching.failed,
            reader=watched.reader,
            sticky=self.watching.sticky,
        )

    def _is_over(self, found: Compared) -> bool:
        return bool(found.revision_failed) or bool(worse_by(found, self.request.thresholds))

    def _worth_more(self, found: Compared) -> bool:
        path = self.request.asked.path
        return is_undecided(found, self.request.thresholds) and not says_nothing(found.stable, found.candidate, path)

    def _with_real_requests(self, found: Compared) -> Compared:
        """The last of our own requests must be seen before what was counted of real ones is the whole of it."""
        if says_nothing(found.stable, found.candidate, self.request.asked.path):
            return found
        self.watching.catch_up(found.candidate, self.tell)
        return self._look(found.seconds, again=True)


def urls_of(request: Compare) -> tuple[str, str]:
    """The candidate's and the stable revision's, whole. Raises DriverError."""
    release = request.release
    stable, candidate = release.stable_url or release.url, release.candidate_url
    if not stable or not candidate:
        raise DriverError("the comparison needs the URLs of both revisions, and one of them has none")
    return candidate.rstrip("/") + request.asked.path, stable.rstrip("/") + request.asked.path
