"""Asks the candidate and the stable revision over HTTP: the probe, comparisons, and while the candidate bakes."""

from __future__ import annotations

from datetime import timedelta

from deploy_lib.drivers.bake import Bake, Baked
from deploy_lib.drivers.compare import Comparison, urls_of
from deploy_lib.drivers.http_get import REVISION_HEADER, Getter, Headers, getter
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.pairs import asking
from deploy_lib.drivers.watch import CloudWatch
from deploy_lib.model.answers import Attempt, Compared, Probed
from deploy_lib.model.release import Release
from deploy_lib.model.requests import ANY_ANSWER, Expectation
from deploy_lib.steps.compare import Compare
from deploy_lib.steps.probe import Probe, in_a_row
from deploy_lib.steps.promote import MoveTraffic


class HttpUrls:
    """`trust_proxies` is False on the local cloud: no proxy may stand between two ports of this machine."""

    def __init__(self, clock: Clock, watch: CloudWatch, headers: Headers, *, trust_proxies: bool = True) -> None:
        self._clock = clock
        self._watch = watch
        self._headers = headers
        self._trust_proxies = trust_proxies

    def probe(self, request: Probe, tell: Tell) -> Probed:
        asked, settings, base = request.asked, request.settings, request.release.candidate_url
        if not base:
            raise DriverError("the candidate has no URL of its own to be asked at")
        url = base.rstrip("/") + asked.path
        attempts: list[Attempt] = []
        began = self._clock.monotonic()
        getting = self._getter(asked.timeout)
        try:
            for number in range(1, settings.attempts + 1):
                attempt = getting.get(url, asked.expect, began)
                attempts.append(attempt)
                tell(f"{number}: {attempt.problem or f'good, {attempt.seconds * 1000:.0f} ms'}")
                good = in_a_row(attempts)
                if good >= settings.need or good + settings.attempts - number < settings.need:
                    break
                failed = self._failed(request.release) if attempt.problem else None
                if failed:
                    return Probed(url, tuple(attempts), failed)
                self._clock.sleep(settings.every)
        finally:
            getting.close()
        return Probed(url, tuple(attempts))

    def compare(self, request: Compare, tell: Tell) -> Compared:
        release, settings, now = request.release, request.settings, self._clock.now()
        candidate, stable = urls_of(request)
        # Without a URL of its own the stable side is asked at the main URL, where the candidate may answer too.
        elsewhere = None if release.stable_url else release.candidate
        pairs = asking(
            self._clock,
            self._getter(request.asked.timeout),
            request.asked.expect,
            candidate,
            stable,
            every=settings.every,
            at_once=settings.at_once,
            not_stable=elsewhere,
        )
        watching = self._watch.watching(release, now, settings.readers, users=request.users)
        with pairs as asked, watching as watched:
            return Comparison(request, self._clock, asked, watched, tell).run()

    def bake(self, request: MoveTraffic, tell: Tell) -> Baked:
        """For `request.bake`, the traffic having moved."""
        release, bake, now = request.release, request.bake, self._clock.now()
        base, stable = release.candidate_url, release.stable_url
        if not base:
            raise DriverError("the candidate has no URL of its own to be asked at")
        pairs = asking(
            self._clock,
            self._getter(bake.timeout),
            bake.expect,
            base.rstrip("/") + bake.path,
            stable.rstrip("/") + bake.path if stable and not release.first else None,
            every=bake.every,
            at_once=bake.at_once,
            warm_up=bake.warm_up,
        )
        earlier, warm = now - timedelta(seconds=bake.seconds), now + timedelta(seconds=bake.warm_up)
        watching = self._watch.watching(release, now, bake.readers, earlier=earlier, warm=warm)
        with pairs as asked, watching as watched:
            return Bake(request, self._clock, asked, watched, tell).run()

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
        return getter(self._clock, self._headers, timeout, trust_proxies=self._trust_proxies)

    def _failed(self, release: Release) -> str | None:
        """Not knowing is no failure: the next request will tell."""
        try:
            return self._watch.revision_failed(release)
        except DriverError:
            return None
