"""One GET of our own, as an Attempt: whatever a server does is an answer or a problem, never an exception."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from deploy_lib.drivers.identity.service_identity import WANTS_IDENTITY, Identity
from deploy_lib.drivers.interface import Clock
from deploy_lib.drivers.lean_import import HTTPX, import_lean
from deploy_lib.drivers.request_log import USER_AGENT
from deploy_lib.model.answers import Attempt
from deploy_lib.model.requests import Expectation
from deploy_lib.steps.responses import problem_of

if TYPE_CHECKING:
    import httpx

BODY_LIMIT = 1_000_000
EXCERPT = 300
REVISION_HEADER = "x-revision"


@dataclass(frozen=True, slots=True)
class Getter:
    """`timeout` is for the whole of a request, in seconds. May be used from any thread until it is closed."""

    clock: Clock
    identity: Identity
    client: httpx.Client
    timeout: float

    def get(self, url: str, expect: Expectation, began: float, header: str = REVISION_HEADER) -> Attempt:
        """`began` is the time by the clock that the attempt's `at` counts from.

        A refused request is made again where the service turns out to want an identity token.
        """
        sent = self.identity.headers(url)
        attempt = self._ask(url, expect, began, header, sent)
        if attempt.status not in WANTS_IDENTITY:
            return attempt
        more = self.identity.after_refusal(url, sent)
        if more is not None:
            attempt = self._ask(url, expect, began, header, more)
        if attempt.problem and attempt.status in WANTS_IDENTITY and (why := self.identity.why_none()):
            return replace(attempt, problem=f"{attempt.problem}: {why}")
        return attempt

    def _ask(self, url: str, expect: Expectation, began: float, header: str, given: Mapping[str, str]) -> Attempt:
        import httpx

        start = self.clock.monotonic()
        status, body = None, b""

        def failed(problem: str) -> Attempt:
            return Attempt(start - began, self.clock.monotonic() - start, status, problem)

        late = f"no complete answer within {self.timeout:g} s"
        try:
            with self.client.stream("GET", url, headers={"user-agent": USER_AGENT, **given}) as response:
                status, headers = response.status_code, response.headers
                for chunk in response.iter_bytes():
                    body += chunk
                    if self.clock.monotonic() - start > self.timeout:
                        return failed(late)
                    if len(body) > BODY_LIMIT:
                        break
        except httpx.TimeoutException:
            return failed(late)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            message = str(problem) or type(problem).__name__
            return failed(f"the body was cut: {message}" if status is not None else f"no connection: {message}")
        seconds = self.clock.monotonic() - start
        location = headers.get("location")
        return Attempt(
            at=start - began,
            seconds=seconds,
            status=status,
            problem=problem_of(expect, status, body, seconds, location),
            revision=headers.get(header) or _named_in(body, header),
            excerpt=body[:EXCERPT].decode("utf-8", "replace"),
            location=location,
        )

    def close(self) -> None:
        """Requests under way end at once."""
        self.client.close()


def getter(clock: Clock, identity: Identity, timeout: float, *, trust_proxies: bool) -> Getter:
    """A function that makes one GET; `timeout` is in seconds. It raises nothing."""
    import_lean(HTTPX)
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    client = httpx.Client(
        verify=_trusted(trust_proxies), timeout=timeout, follow_redirects=False, trust_env=trust_proxies, limits=limits
    )
    return Getter(clock, identity, client, timeout)


@cache
def _trusted(trust_env: bool) -> ssl.SSLContext:
    """Read once: reading a few hundred certificates takes longer than a request.

    With no trust in the environment, on the local cloud, nobody is trusted: all is plain HTTP there.
    """
    import httpx

    return httpx.create_ssl_context() if trust_env else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _named_in(body: bytes, key: str) -> str | None:
    """The revision that a JSON body names, where the response has no header for it."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    named = found.get(key) if isinstance(found, dict) else None
    return named if isinstance(named, str) else None
