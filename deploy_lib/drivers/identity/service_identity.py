"""What our own requests to one service carry: nothing, until the service is seen to want an identity token.

The first request goes out bare. Where it is answered 401 or 403, the service's policy decides: one that lets everybody
in gave that answer itself, and gets no token then either. A policy that may not be read lets nobody in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Protocol
from urllib.parse import urlsplit

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.identity.access import ServiceAccess, read_access
from deploy_lib.drivers.identity.id_tokens import IdTokens, NoIdToken
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.model.service import Service

WANTS_IDENTITY = (401, 403)
TRIED_AGAIN_AFTER = 10.0
"""Seconds in which a token that could not be had is not asked for again."""
_HERE = ("127.0.0.1", "localhost", "::1")


class Identity(Protocol):
    """What a request carries that says who asks. May be used from any thread."""

    def headers(self, url: str) -> Mapping[str, str]:
        """Those of a request to that URL, as far as it is known to need any."""

    def after_refusal(self, url: str, sent: Mapping[str, str]) -> Mapping[str, str] | None:
        """Those to ask with again after a 401 or 403; None where they would be the same."""

    def why_none(self) -> str:
        """Why a service that wants a token got none: a clause, empty where it got one or wants none."""


class ServiceIdentity:
    """Of one service. `read` tells how it may be called, `make` gives the tokens for an audience."""

    def __init__(self, clock: Clock, read: Callable[[], ServiceAccess], make: Callable[[str], IdTokens]) -> None:
        self._clock, self._read, self.tokens = clock, read, make
        self._lock = RLock()
        self._wanted = False
        self._access: ServiceAccess | None = None
        self._tokens: IdTokens | None = None
        self._again_at = -math.inf
        self.problem: DriverError | None = None

    @property
    def wanted(self) -> bool:
        """Whether the service is known to want a token."""
        return self._wanted

    @property
    def account(self) -> str | None:
        """Whose tokens they are, where any were made and that is known."""
        return self._tokens.account if self._tokens else None

    def headers(self, url: str) -> Mapping[str, str]:
        """A token only to where nobody can read it on its way."""
        parts = urlsplit(url)
        if not self._wanted or not (parts.scheme == "https" or parts.hostname in _HERE):
            return {}
        token = self._token()
        return {"authorization": f"Bearer {token}"} if token else {}

    def after_refusal(self, url: str, sent: Mapping[str, str]) -> Mapping[str, str] | None:
        """Reads how the service may be called, the first time."""
        with self._lock:
            if self._clock.monotonic() < self._again_at:
                return None
            try:
                self._wanted, self.problem = not self._read_once().public, None
            except DriverError as problem:
                self._put_off(problem)
                return None
        headers = self.headers(url)
        if not headers and self._wanted and self.problem is None:
            why = f"an identity token goes over https only, and {url} is not"
            self.problem = NoIdToken(why, "write https:// in url: and candidate_url:")
        return headers if headers != sent else None

    def why_none(self) -> str:
        """With what to do about it."""
        return self.problem.with_remedy if self.problem else ""

    def _token(self) -> str | None:
        with self._lock:
            if self._clock.monotonic() < self._again_at:
                return None
            try:
                if self._tokens is None:
                    self._tokens = self.tokens(self._audience())
                token = self._tokens.token()
            except DriverError as problem:
                self._put_off(problem)
                return None
            self.problem = None
            return token

    def _audience(self) -> str:
        audience = self._read_once().audience
        if not audience:
            raise NoIdToken("an identity token needs an audience, and the service has neither a URL nor one of its own")
        return audience

    def _read_once(self) -> ServiceAccess:
        if self._access is None:
            self._access = self._read()
        return self._access

    def _put_off(self, problem: DriverError) -> None:
        self.problem, self._again_at = problem, self._clock.monotonic() + TRIED_AGAIN_AFTER


def service_identity(clients: Clients, clock: Clock, service: Service) -> ServiceIdentity:
    """Nothing is read and nothing asked before a request is refused."""
    return ServiceIdentity(
        clock,
        lambda: read_access(clients, service.path),
        lambda audience: IdTokens(clients.credentials, audience, service.invoke_as, clients.auth_request()),
    )
