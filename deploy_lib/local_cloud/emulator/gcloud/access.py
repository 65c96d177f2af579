"""What gcloud needs to work with the local cloud and with nothing else: its environment, and TLS for Google's names.

What google-auth needs for credentials of a kind is the same and a file (see identity/credentials.py).
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from ..identity.credentials import UnknownKind, write_credentials
from ..wire.ports import HOST
from .certificate import Certificate, GcloudUnavailable
from .proxy import ConnectProxy

_AGAIN = "print gcloud's environment again (local env --gcloud)"
_DAY = 86400.0  # seconds
_TOKEN = "local-cloud-checks-no-credentials\n"


class GcloudAccess:
    """Takes connections from `serve` on until `close`. `port` 0 takes a free one. Raises PortInUse."""

    def __init__(self, directory: Path, clock: Callable[[], float], port: int = 0) -> None:
        self._directory, self._clock = directory, clock
        self._certificate = Certificate(directory)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._lock = threading.Lock()
        self._ends, self._tls_port = 0.0, 0
        self._serve_tls: Callable[[ssl.SSLContext], int] | None = None
        self._proxy = ConnectProxy(self._way, port)

    def serve(self, serve_tls: Callable[[ssl.SSLContext], int]) -> None:
        """`serve_tls` begins to serve the APIs with TLS, and gives the port."""
        self._serve_tls = serve_tls

    def routes(self) -> list[web.RouteDef]:
        """Of the control interface: the environments."""
        return [web.post("/_local/gcloud", self._answer), web.post("/_local/credentials", self._answer_credentials)]

    @property
    def address(self) -> str:
        return self._proxy.address

    def environment(self) -> dict[str, str]:
        """The variables for gcloud, of which none is a secret. Makes a certificate where none is good for another day.

        Raises GcloudUnavailable. Properties: https://cloud.google.com/sdk/gcloud/reference/config
        """
        configuration, token = self._directory / "config", self._directory / "token"
        self._renew()
        configuration.mkdir(exist_ok=True, mode=0o700)
        token.write_text(_TOKEN, encoding="ascii")
        host, _, port = self.address.partition(":")
        return {
            "CLOUDSDK_CONFIG": str(configuration),
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(self._certificate.path),
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": host,
            "CLOUDSDK_PROXY_PORT": port,
            "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        }

    def credentials(self, kind: str, metadata_host: str) -> dict[str, str]:
        """The variables for credentials of a kind, and nothing but the local cloud behind them.

        Raises GcloudUnavailable and UnknownKind.
        """
        self._renew()
        file = write_credentials(self._directory / "credentials", kind, self._certificate.key)
        if file is None:
            return {"LOCAL_CLOUD_CREDENTIALS": kind, "GCE_METADATA_HOST": metadata_host}
        return {
            "LOCAL_CLOUD_CREDENTIALS": str(file),
            "HTTPS_PROXY": f"http://{self.address}",
            "REQUESTS_CA_BUNDLE": str(self._certificate.path),
        }

    def close(self) -> None:
        self._proxy.close()

    def _renew(self) -> None:
        """Makes a certificate where none is good for another day."""
        with self._lock:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._certificate.ends() < self._clock() + _DAY:
                self._certificate.make()
            self._load()

    def _way(self) -> tuple[str, int]:
        """Where a connection for Google's names goes. Raises GcloudUnavailable."""
        with self._lock:
            if not self._ends:
                self._load()
            if self._ends <= self._clock():
                at = f"{datetime.fromtimestamp(self._ends, UTC):%Y-%m-%d %H:%M} UTC"
                raise GcloudUnavailable(f"the certificate expired at {at}; {_AGAIN}")
            if not self._tls_port:
                if self._serve_tls is None:
                    raise GcloudUnavailable("the local cloud is just starting; try again")
                self._tls_port = self._serve_tls(self._context)
            return HOST, self._tls_port

    async def _answer(self, _: web.Request) -> web.Response:
        try:
            return web.json_response({"environment": await asyncio.to_thread(self.environment)})
        except (GcloudUnavailable, OSError) as error:
            return web.json_response({"error": str(error)}, status=400)

    async def _answer_credentials(self, request: web.Request) -> web.Response:
        try:
            kind = str((await request.json())["kind"])
            return web.json_response({"environment": await asyncio.to_thread(self.credentials, kind, request.host)})
        except (ValueError, KeyError, TypeError, RecursionError):
            return web.json_response({"error": 'the body is not {"kind": "..."}'}, status=400)
        except (GcloudUnavailable, UnknownKind, OSError) as error:
            return web.json_response({"error": str(error)}, status=400)

    def _load(self) -> None:
        self._ends = self._certificate.ends()
        if not self._ends:
            raise GcloudUnavailable(f"there is no certificate yet; {_AGAIN}")
        self._certificate.load(self._context)
