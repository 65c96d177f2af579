"""Asks the candidate and the stable revision over HTTP: the probe, and the paired requests of a comparison."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.model.answers import Attempt, Compared, Probed, Side
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Compare, Expectation, Probe
from deploy_lib.steps.probe import in_a_row, problem_of
from deploy_lib.steps.significance import Opinion, weigh

if TYPE_CHECKING:
    import httpx

BODY_LIMIT = 1_000_000
EXCERPT = 300
SOONEST, LATEST = 0.5, 5.0  # seconds between two looks of a comparison
REVISION_HEADER = "x-revision"


class Watch(Protocol):
    """What is known of the candidate while it is asked."""

    def revision_failed(self, release: Release) -> str | None: ...
    def real_requests(self, release: Release, revision: str, since: datetime) -> Side: ...


Headers = Callable[[str], Mapping[str, str]]
"""Headers a URL needs, such as an identity token for a service that is not public."""


class HttpUrls:
    """`trust_proxies` is False on the local cloud: no proxy may stand between two ports of this machine."""

    def __init__(self, clock: Clock, watch: Watch, headers: Headers, *, trust_proxies: bool = True) -> None:
        self._clock = clock
        self._watch = watch
        self._headers = headers
        self._trust_proxies = trust_proxies

    def probe(self, request: Probe, tell: Tell) -> Probed:
        base = request.release.candidate_url
        if not base:
            raise DriverError("the candidate has no URL of its own to be asked at")
        url = base.rstrip("/") + request.path
        attempts: list[Attempt] = []
        began = self._clock.monotonic()
        with self._client(request.timeout) as client:
            for number in range(1, request.attempts + 1):
                attempt = self._ask(client, url, request.expect, began)
                attempts.append(attempt)
                tell(f"{number}: {attempt.problem or f'good, {attempt.seconds * 1000:.0f} ms'}")
                good = in_a_row(attempts)
                if good >= request.need or good + request.attempts - number < request.need:
                    break
                failed = self._failed(request.release) if attempt.problem else None
                if failed:
                    return Probed(url, tuple(attempts), failed)
                self._clock.sleep(request.every)
        return Probed(url, tuple(attempts))

    def compare(self, request: Compare, tell: Tell) -> Compared:
        return _Comparison(self, request, self._clock, self._watch, tell).run()

    def ask(self, url: str, *, timeout: float, header: str = REVISION_HEADER) -> Attempt:
        """One GET; the revision that answered is named by the header, or by the key of a JSON body, of that name."""
        with self._client(timeout) as client:
            return self._ask(client, url, _ANY_ANSWER, self._clock.monotonic(), header)

    def _client(self, timeout: float) -> httpx.Client:
        import httpx

        return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=self._trust_proxies)

    def _ask(
        self, client: httpx.Client, url: str, expect: Expectation, began: float, header: str = REVISION_HEADER
    ) -> Attempt:
        import httpx

        start = self._clock.monotonic()
        try:
            with client.stream("GET", url, headers=dict(self._headers(url))) as response:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        break
                status, headers = response.status_code, response.headers
        except httpx.TimeoutException:
            seconds = self._clock.monotonic() - start
            return Attempt(start - began, seconds, problem=f"no answer within {seconds:.1f} s")
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            return Attempt(start - began, self._clock.monotonic() - start, problem=f"no connection: {problem}")
        seconds = self._clock.monotonic() - start
        return Attempt(
            at=start - began,
            seconds=seconds,
            status=status,
            problem=problem_of(expect, status, body, seconds, headers.get("location")),
            revision=headers.get(header) or _named_in(body, header),
            excerpt=body[:EXCERPT].decode("utf-8", "replace"),
        )

    def _failed(self, release: Release) -> str | None:
        """Not knowing is no failure: the next request will tell."""
        try:
            return self._watch.revision_failed(release)
        except DriverError:
            return None


def pause_between_looks(compared: float) -> float:
    """Seconds, after that many of comparing: what is plainly sick shows at once, and every look costs certainty."""
    return min(max(SOONEST, compared / 4), LATEST)


def _named_in(body: bytes, key: str) -> str | None:
    """The revision that a JSON body names, where the response has no header for it."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    named = found.get(key) if isinstance(found, dict) else None
    return named if isinstance(named, str) else None


@dataclass(slots=True)
class _Sample:
    """One side while it grows."""

    requests: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)

    def add(self, attempt: Attempt) -> None:
        self.requests += 1
        if attempt.problem:
            self.errors += 1
        else:
            self.latencies.append(attempt.seconds)

    def side(self) -> Side:
        return Side(self.requests, self.errors, tuple(self.latencies))


_ANY_ANSWER = Expectation(status=tuple(range(200, 500)))
"""A comparison counts what a server could not do: no answer, or a status of 500 and above."""


@dataclass(slots=True)
class _Comparison:
    """One comparison under way. The stable side is the revision's own URL where it has one, else the main URL."""

    urls: HttpUrls
    request: Compare
    clock: Clock
    watch: Watch
    tell: Tell
    stable: _Sample = field(default_factory=_Sample)
    candidate: _Sample = field(default_factory=_Sample)
    real_stable: Side = Side()
    real_candidate: Side = Side()
    metrics_gap: str | None = None

    def run(self) -> Compared:
        release, since = self.request.release, self.clock.now()
        began = self.clock.monotonic()
        next_look, looks = began + pause_between_looks(0.0), 0
        with self.urls._client(self.request.timeout) as client, ThreadPoolExecutor(2) as pool:
            while True:
                self._pair(client, pool, began)
                now = self.clock.monotonic()
                over = now - began >= self.request.duration
                if over or now >= next_look:
                    looks, next_look = looks + 1, now + pause_between_looks(now - began)
                    failed = self.urls._failed(release)
                    self._read_metrics(since)
                    stopped = self._worse(looks)
                    if failed or stopped or over:
                        return self._compared(now - began, looks, stopped, failed)
                self.clock.sleep(self.request.every)

    def _pair(self, client: httpx.Client, pool: ThreadPoolExecutor, began: float) -> None:
        release = self.request.release
        stable, candidate = release.stable_url or release.url, release.candidate_url
        if not stable or not candidate:
            raise DriverError("the comparison needs the URLs of both revisions, and one of them has none")
        asked = [
            pool.submit(self.urls._ask, client, base.rstrip("/") + self.request.path, _ANY_ANSWER, began)
            for base in (stable, candidate)
        ]
        first, second = (future.result() for future in asked)
        # Without a URL of its own the stable side is asked at the main URL, where the candidate may answer too.
        (self.candidate if first.revision == release.candidate else self.stable).add(first)
        self.candidate.add(second)

    def _read_metrics(self, since: datetime) -> None:
        if not self.request.metrics or self.metrics_gap:
            return
        release = self.request.release
        try:
            if release.stable:
                self.real_stable = self.watch.real_requests(release, release.stable, since)
            if release.candidate:
                self.real_candidate = self.watch.real_requests(release, release.candidate, since)
        except DriverError as problem:
            self.metrics_gap = problem.reason

    def _worse(self, look: int) -> str | None:
        """Why to stop before the time is up: the candidate is plainly worse already."""
        thresholds = self.request.thresholds
        for one, other in ((self.real_stable, self.real_candidate), (self.stable.side(), self.candidate.side())):
            sight = weigh(one, other, thresholds, look)
            if sight.opinion is Opinion.WORSE:
                return sight.reason
        self.tell(f"{self.candidate.errors} of {self.candidate.requests} requests to the candidate failed so far")
        return None

    def _compared(self, seconds: float, looks: int, stopped: str | None, failed: str | None) -> Compared:
        return Compared(
            self.stable.side(),
            self.candidate.side(),
            self.real_stable,
            self.real_candidate,
            seconds=seconds,
            looks=looks,
            stopped_early=stopped,
            metrics_gap=self.metrics_gap,
            revision_failed=failed,
        )
