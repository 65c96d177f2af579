"""Headers of our own requests to services: who asks, and an identity token where the service is not public.

The token's audience is the service's own URL even when one of its tags is asked
(https://cloud.google.com/run/docs/authenticating/service-to-service). A person's credentials can only give the token
that came with their login, which Cloud Run accepts from those who may invoke the service. Without a token the request
goes out bare: the answer of Cloud Run's front end then says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, DriverError

USER_AGENT = "deploy-to-gcp"
FRESH_FOR = 1800.0  # seconds; Google's tokens live for an hour

_HOST = re.compile(r"^(https://)(?:[a-z0-9-]+---)?([^/]+)")


class IdentityHeaders:
    """Headers for a URL, as drivers.urls wants them. Tokens are kept for half an hour, per audience."""

    def __init__(self, clients: Clients, clock: Clock, *, public: bool = False) -> None:
        self._clients = clients
        self._clock = clock
        self._public = public
        self._tokens: dict[str, tuple[float, str | None]] = {}

    def __call__(self, url: str) -> Mapping[str, str]:
        token = None if self._public or self._clients.endpoints.local else self._token(url)
        return {"user-agent": USER_AGENT, **({"authorization": f"Bearer {token}"} if token else {})}

    def _token(self, url: str) -> str | None:
        audience = audience_of(url)
        if audience is None:
            return None
        now = self._clock.monotonic()
        until, token = self._tokens.get(audience, (0.0, None))
        if now >= until:
            token = self._fetched(audience)
            self._tokens[audience] = (now + FRESH_FOR, token)
        return token

    def _fetched(self, audience: str) -> str | None:
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        request: Any = Request()
        try:
            from google.oauth2 import id_token

            return str(id_token.fetch_id_token(request, audience))
        except (GoogleAuthError, ValueError, OSError):
            pass  # a person's credentials; they carry a token of their own
        try:
            credentials: Any = self._clients.credentials
            credentials.refresh(request)
        except (GoogleAuthError, DriverError, OSError):
            return None
        return getattr(credentials, "id_token", None)


def audience_of(url: str) -> str | None:
    """The service's own URL: "https://canary---shop-abc.a.run.app/x" gives "https://shop-abc.a.run.app"."""
    match = _HOST.match(url)
    return match[1] + match[2] if match else None
