"""Headers of our own requests to services: who asks, and an identity token where the service may want one.

The token's audience is the service's own URL even when one of its tags is asked
(https://cloud.google.com/run/docs/authenticating/service-to-service). A person's credentials can only give the token
that came with their login, which Cloud Run accepts from those who may invoke the service. Without a token the request
goes out bare: the answer of Cloud Run's front end then says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import DriverError

USER_AGENT = "deploy-to-gcp"

_HOST = re.compile(r"^(https://)(?:[a-z0-9-]+---)?([^/]+)")


def identity_headers(clients: Clients) -> Callable[[str], Mapping[str, str]]:
    """Headers for a URL. Each audience's token is kept until it expires; nothing is sent to a local cloud."""
    kept: dict[str, Any] = {}
    lock = Lock()

    def headers(url: str) -> Mapping[str, str]:
        audience = None if clients.endpoints.local else audience_of(url)
        if audience is None:
            return {"user-agent": USER_AGENT}
        with lock:
            if audience not in kept:
                kept[audience] = _credentials(clients, audience)
            token = _token(kept[audience])
        return {"user-agent": USER_AGENT, **({"authorization": f"Bearer {token}"} if token else {})}

    return headers


def audience_of(url: str) -> str | None:
    """The service's own URL: "https://canary---shop-abc.a.run.app/x" gives "https://shop-abc.a.run.app"."""
    match = _HOST.match(url)
    return match[1] + match[2] if match else None


def _credentials(clients: Clients, audience: str) -> Any:
    """Those of a service account give a token for the audience; a person's give the one of their login."""
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2.id_token import fetch_id_token_credentials

    try:
        return fetch_id_token_credentials(audience)
    except (GoogleAuthError, ValueError, OSError):
        pass
    try:
        return clients.credentials
    except DriverError:
        return None


def _token(credentials: Any) -> str | None:
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    if credentials is None:
        return None
    try:
        if not credentials.valid:
            credentials.refresh(Request())
    except (GoogleAuthError, OSError):
        return None
    personal = hasattr(credentials, "id_token")
    found = credentials.id_token if personal else credentials.token
    return str(found) if found else None
