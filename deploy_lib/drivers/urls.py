"""Asks the candidate and the stable revision over HTTP: the probe, comparisons, and while the candidate bakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from deploy_lib.drivers.candidate_monitor import CandidateMonitor
from deploy_lib.drivers.http_get import REVISION_HEADER, Getter, getter
from deploy_lib.drivers.identity.service_identity import ServiceIdentity
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.pairs import Pairs
from deploy_lib.drivers.request_session import RequestSession
from deploy_lib.drivers.traffic_watcher import RevisionHealth
from deploy_lib.model.answers import Attempt, Probed, Side, Watched
from deploy_lib.model.release import Release
from deploy_lib.model.requests import ANY_ANSWER, Expectation, Phase

if TYPE_CHECKING:
    from deploy_lib.steps.compare import Compare
    from deploy_lib.steps.probe import Probe
    from deploy_lib.steps.promote import WatchUsers

Asked = TypeVar("Asked", "Compare", "WatchUsers")


class HttpUrls:
    """For one service.

    `trust_proxies` is False on the local cloud: no proxy may stand between two ports of this machine.
    """

    def __init__(
        self, clock: Clock, watch: CandidateMonitor, identity: ServiceIdentity, *, trust_proxies: bool = True
    ) -> None:
        self._clock = clock
        self._watch = watch
        self.identity = identity
        self._trust_proxies = trust_proxies
        self._open: RequestSession | None = None

    def probe(self, request: Probe, tell: Tell) -> Probed:
        """One request, or one look at what Cloud Run and the log say."""
        asked, base = request.asked, request.release.candidate_url
        if request.settings.via == "none":
            state = self._watch.state(request.release)
            tell("not asked (via: none)")
            return Probed("", (), state.failed, state.ends)
        if not base:
            raise DriverError("the candidate has no URL of its own")
        url = base.rstrip("/") + asked.path
        attempt = self.ask(url, asked.expect, timeout=asked.timeout)
        tell(attempt.problem or f"good, {attempt.seconds * 1000:.0f} ms")
        state = self._state(request.release) if attempt.problem else RevisionHealth()
        return Probed(url, (attempt,), state.failed, state.ends)

    def compare(self, request: Compare, tell: Tell) -> Watched:
        """One look. Pairs of requests go on until `rest`, as long as the last look was ASKING."""
        found = self._session(request, self._comparing).look(request.phase, tell)
        if request.phase is Phase.ASKING:
            tell(f"{found.own.errors} of {found.own.requests} requests to the candidate failed so far")
        return found

    def watch(self, request: WatchUsers, tell: Tell) -> Watched:
        """One look. Our requests go on until `rest`, as long as the last look was ASKING."""
        found = self._session(request, self._baking).look(request.phase, tell)
        # What is still under way at the switch must not stand for what the stable revision answers.
        return replace(found, beside=Side()) if request.settings.percent == 100 else found

    def rest(self) -> None:
        """No request goes on, and none is counted."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _session(self, request: Asked, make: Callable[[Asked], RequestSession]) -> RequestSession:
        if self._open is None:
            self._open = make(request)
        return self._open

    def _comparing(self, request: Compare) -> RequestSession:
        release, settings, asked, now = request.release, request.settings, request.asked, self._clock.now()
        stable, candidate = release.stable_url or release.url, release.candidate_url
        if not stable or not candidate:
            raise DriverError("the comparison needs the URLs of both revisions, and one of them has none")
        pairs = Pairs(
            self._clock,
            self._getter(asked.timeout),
            asked.expect,
            candidate.rstrip("/") + asked.path,
            stable.rstrip("/") + asked.path,
            every=settings.every,
            at_once=settings.at_once,
            # Without a separate URL the stable side is asked at the main URL, where the candidate may answer too.
            not_stable=None if release.stable_url else release.candidate,
        )
        watching = self._watch.watching(release, now, settings.readers, users=request.users)
        return RequestSession(self._clock, pairs, watching, self._clock.monotonic())

    def _baking(self, request: WatchUsers) -> RequestSession:
        release, settings, asked, now = request.release, request.settings, request.asked, self._clock.now()
        base, stable = release.candidate_url, release.stable_url
        if not base:
            raise DriverError("the candidate has no URL of its own")
        pairs = Pairs(
            self._clock,
            self._getter(asked.timeout),
            asked.expect,
            base.rstrip("/") + asked.path,
            stable.rstrip("/") + asked.path if stable and not release.first else None,
            every=settings.every,
            at_once=settings.at_once,
            warm_up=settings.warming_up,
        )
        earlier, warm = now - timedelta(seconds=settings.bake), now + timedelta(seconds=settings.warming_up)
        watching = self._watch.watching(release, now, settings.readers, earlier=earlier, warm=warm)
        return RequestSession(self._clock, pairs, watching, self._clock.monotonic())

    def ask(
        self, url: str, expect: Expectation = ANY_ANSWER, *, timeout: float, header: str = REVISION_HEADER
    ) -> Attempt:
        """One GET; the revision that answered is named by the header, or by the key of a JSON body, of that name."""
        asked = self._getter(timeout)
        try:
            return asked.get(url, expect, self._clock.monotonic(), header)
        finally:
            asked.close()

    def _getter(self, timeout: float) -> Getter:
        return getter(self._clock, self.identity, timeout, trust_proxies=self._trust_proxies)

    def _state(self, release: Release) -> RevisionHealth:
        """What cannot be found out does not count as a failure: the next request will show it."""
        try:
            return self._watch.state(release)
        except DriverError:
            return RevisionHealth()
