"""Who makes each call to a local cloud: an account by name, or the credentials that a rehearsal names.

A local cloud checks no keys, so the name is enough; it tells creator and lastModifier from it. Credentials of the real
world are never used here: only those that LOCAL_CLOUD_CREDENTIALS names (`local env --credentials` prints it), with
which google-auth goes every step of its way at the local cloud.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import grpc

from deploy_lib.drivers.credentials import LOCAL, SCOPE, counted_in, words_of
from deploy_lib.drivers.endpoints import LOCAL_ACCOUNT, Endpoints
from deploy_lib.drivers.interface import DriverError

HEADER = "x-local-account"
_METADATA = "metadata"


def local_credentials(endpoints: Endpoints, project: str) -> Any:
    """Those that are named, else the tool's account: a key that nobody checks. Raises DriverError."""
    return named_credentials(project) or _own(endpoints)


def named_credentials(project: str) -> Any:
    """A person's count in `project`. None where none are named. Raises DriverError for a name that is of none."""
    named = os.environ.get(LOCAL)
    if not named:
        return None
    import google.auth
    from google.auth import compute_engine
    from google.auth.exceptions import GoogleAuthError

    if named == _METADATA:
        make: Callable[..., Any] = compute_engine.Credentials
        return make()
    load: Callable[..., tuple[Any, Any]] = google.auth.load_credentials_from_file
    try:
        with warnings.catch_warnings(action="ignore"):  # of files by strangers, and of logins without a quota project
            return counted_in(load(named, scopes=[SCOPE])[0], project)
    except (GoogleAuthError, OSError, ValueError) as error:
        remedy = "type: deploy_to_gcp.py local env --credentials KIND, or unset it"
        raise DriverError(f"{LOCAL} does not name usable credentials: {words_of(error)}", remedy) from error


def signed(channel: grpc.Channel, credentials: Any = None, account: str = LOCAL_ACCOUNT) -> grpc.Channel:
    """The channel, with the credentials' access token on every call, or with that account's name."""
    headers = (lambda: _headers(credentials)) if credentials else (lambda: [(HEADER, account)])
    intercepted: grpc.Channel = grpc.intercept_channel(channel, _Signing(headers))
    return intercepted


def _headers(credentials: Any) -> list[tuple[str, str]]:
    """As google-auth's plugin of a channel puts them on."""
    from google.auth.transport.requests import Request

    if not credentials.valid:
        credentials.refresh(Request())
    headers: dict[str, str] = {}
    credentials.apply(headers)
    return list(headers.items())


def _own(endpoints: Endpoints) -> Any:
    from google.auth import crypt
    from google.oauth2 import service_account

    class Unchecked(crypt.Signer):
        """Its signature is none."""

        key_id = None

        def sign(self, message: object) -> bytes:
            return b"unchecked"

    make: Callable[..., Any] = service_account.Credentials
    return make(Unchecked(), endpoints.account, f"{endpoints.http}/token", scopes=[SCOPE])


class _Signing(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, headers: Callable[[], list[tuple[str, str]]]) -> None:
        self._headers = headers

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(_Details(details, self._headers()), request)


class _Details(grpc.ClientCallDetails):
    def __init__(self, of: Any, headers: list[tuple[str, str]]) -> None:
        self.method, self.timeout, self.credentials = of.method, of.timeout, of.credentials
        self.wait_for_ready, self.compression = of.wait_for_ready, of.compression
        self.metadata = [*(of.metadata or ()), *headers]
